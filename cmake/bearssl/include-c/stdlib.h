/* BearSSL includes <stdlib.h> and needs nothing of it. */
