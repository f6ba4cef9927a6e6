// Stands in for the one libc header that libstdc++'s configuration includes: it only asks which
// glibc this is.
#define __GLIBC_PREREQ(major, minor) 0
