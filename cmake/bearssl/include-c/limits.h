/* BearSSL includes <limits.h> and needs nothing of it. */
