/* Counts what is not as it must be. Plain C99, over the published vectors. */
#ifndef SVSM_TESTS_C_EXPECT_H_
#define SVSM_TESTS_C_EXPECT_H_

#include <stdio.h>
#include <string.h>

static int failures = 0;
static int expectations = 0;

#define EXPECT(condition)                                            \
  do {                                                               \
    ++expectations;                                                  \
    if (!(condition)) {                                              \
      ++failures;                                                    \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                \
  } while (0)

#define EXPECT_STATUS(status, wanted_code, wanted_detail) \
  do {                                                    \
    const svsm_status got = (status);                     \
    EXPECT(got.code == (wanted_code));                    \
    EXPECT(got.detail == (uint32_t)(wanted_detail));      \
  } while (0)

/* What main() returns. */
static int Finish(void) {
  printf("%d expectations, %d not met\n", expectations, failures);
  return failures == 0 ? 0 : 1;
}

#endif /* SVSM_TESTS_C_EXPECT_H_ */
