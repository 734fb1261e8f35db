// What Swift cannot import from mpi.h: constants that are casts and expressions. Accessors only, no logic.
#ifndef SWIFTLET_CMPI_H
#define SWIFTLET_CMPI_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// Handles are pointers in Open MPI and integers in MPICH, so Swift sees types of another kind: these hide which.
struct cmpi_comm {
    MPI_Comm handle;
};
struct cmpi_request {
    MPI_Request handle;
};
_Static_assert(sizeof(struct cmpi_request) == sizeof(MPI_Request), "arrays of requests are passed to MPI as they are");

static inline struct cmpi_comm cmpi_comm_world(void) { return (struct cmpi_comm){MPI_COMM_WORLD}; }
static inline struct cmpi_comm cmpi_comm_self(void) { return (struct cmpi_comm){MPI_COMM_SELF}; }
static inline struct cmpi_comm cmpi_comm_null(void) { return (struct cmpi_comm){MPI_COMM_NULL}; }
static inline struct cmpi_request cmpi_request_null(void) { return (struct cmpi_request){MPI_REQUEST_NULL}; }
static inline int cmpi_testall(int count, struct cmpi_request *requests, int *flag) {
    return MPI_Testall(count, &requests->handle, flag, MPI_STATUSES_IGNORE);
}

static inline MPI_Info cmpi_info_null(void) { return MPI_INFO_NULL; }
static inline MPI_Errhandler cmpi_errors_return(void) { return MPI_ERRORS_RETURN; }

static inline MPI_Datatype cmpi_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype cmpi_int64(void) { return MPI_INT64_T; }

static inline MPI_Op cmpi_sum(void) { return MPI_SUM; }
static inline MPI_Op cmpi_max(void) { return MPI_MAX; }
static inline MPI_Op cmpi_min(void) { return MPI_MIN; }

static inline const void *cmpi_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Status *cmpi_status_ignore(void) { return MPI_STATUS_IGNORE; }

static inline int cmpi_success(void) { return MPI_SUCCESS; }
static inline int cmpi_thread_funneled(void) { return MPI_THREAD_FUNNELED; }
static inline int cmpi_comm_type_shared(void) { return MPI_COMM_TYPE_SHARED; }
static inline int cmpi_any_source(void) { return MPI_ANY_SOURCE; }
static inline int cmpi_any_tag(void) { return MPI_ANY_TAG; }
static inline int cmpi_max_error_string(void) { return MPI_MAX_ERROR_STRING; }

// prctl and syscall are variadic. The calling thread sleeps often and briefly beside threads that never do: let it wake
// on time (the system's default is 50,000 ns late), and run before their turn ends (Linux 6.12 and later).
extern long syscall(long number, ...);
static inline void cmpi_favour_short_sleeps(void) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    }
        attributes = {48, 0, 0, 0, 0, 100000, 0, 0};
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

// Hidden from Swift behind a feature macro. A file without a name, closed on exec.
extern int memfd_create(const char *name, unsigned int flags);
static inline int cmpi_unnamed_file(const char *name) { return memfd_create(name, 1U); }

#endif
