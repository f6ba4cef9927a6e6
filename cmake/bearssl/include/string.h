/* What BearSSL needs of <string.h> where there is no libc. */
#ifndef SVSM_BEARSSL_STRING_H_
#define SVSM_BEARSSL_STRING_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void* memcpy(void* to, const void* from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int value, size_t size);
int memcmp(const void* a, const void* b, size_t size);
size_t strlen(const char* text);

#ifdef __cplusplus
}
#endif

#endif
