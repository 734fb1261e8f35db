#ifndef SWIFTLET_CMPI_H
#define SWIFTLET_CMPI_H

#include <mpi.h>

#endif
