// A cable between two network interfaces: `wire NEAR FAR MILLISECONDS PERCENT`.
//
// What comes in at NEAR goes out at FAR, that much later, and so many of a hundred packets never do; from FAR to NEAR
// nothing is late or lost. Packets keep their order. Which are lost follows from their number alone.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// A packet with what the kernel left to the hardware to do: checksums, segments.
enum { LARGEST = sizeof(struct virtio_net_hdr) + ETH_HLEN + 65536 };

struct packet {
    struct packet *next;
    int64_t due; // nanoseconds
    size_t size;
    char bytes[];
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int open_end(const char *interface) {
    const int end = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
    if (end < 0) fail("socket");
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(interface)};
    if (bind(end, (const struct sockaddr *)&address, sizeof address)) fail(interface);
    const int yes = 1, room = 64 << 20;
    if (setsockopt(end, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes)) fail("PACKET_VNET_HDR");
    if (setsockopt(end, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes)) fail("PACKET_IGNORE_OUTGOING");
    setsockopt(end, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    // The other end of a virtual cable is asleep until both are up; what is bound sees all packets, whoever's they are.
    const struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    if (setsockopt(end, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all)) fail("PACKET_MR_PROMISC");
    return end;
}

// An end that is down loses packets, as cables do.
static void put(int end, const char *bytes, size_t size) {
    if (send(end, bytes, size, 0) < 0 && errno == ENXIO) exit(0);
}

static ssize_t take(int end, char *bytes) {
    const ssize_t size = recv(end, bytes, LARGEST, 0);
    if (size < 0 && errno != EAGAIN && errno != ENETDOWN && errno != EINTR) exit(0);
    return size;
}

static int is_lost(double percent) {
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53 * 100 < percent;
}

int main(int count, char **arguments) {
    if (count != 5) {
        fprintf(stderr, "usage: wire NEAR FAR MILLISECONDS PERCENT\n");
        return 64;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int near = open_end(arguments[1]), far = open_end(arguments[2]);
    const int64_t delay = (int64_t)(atof(arguments[3]) * 1e6);
    const double loss = atof(arguments[4]);
    struct packet *first = NULL, **last = &first;
    char *bytes = malloc(LARGEST);
    if (!bytes) fail("malloc");
    printf("ready\n");
    fflush(stdout);
    while (1) {
        struct timespec wait, *timeout = NULL;
        if (first) {
            int64_t left = first->due - now();
            if (left < 0) left = 0;
            wait = (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
            timeout = &wait;
        }
        struct pollfd ends[] = {{.fd = near, .events = POLLIN}, {.fd = far, .events = POLLIN}};
        ppoll(ends, 2, timeout, NULL);
        ssize_t size;
        while ((size = take(near, bytes)) > 0) {
            if (is_lost(loss)) continue;
            struct packet *packet = malloc(sizeof *packet + (size_t)size);
            if (!packet) fail("malloc");
            *packet = (struct packet){.due = now() + delay, .size = (size_t)size};
            memcpy(packet->bytes, bytes, (size_t)size);
            *last = packet;
            last = &packet->next;
        }
        while ((size = take(far, bytes)) > 0) put(near, bytes, (size_t)size);
        while (first && first->due <= now()) {
            struct packet *packet = first;
            put(far, packet->bytes, packet->size);
            first = packet->next;
            if (!first) last = &first;
            free(packet);
        }
    }
}
