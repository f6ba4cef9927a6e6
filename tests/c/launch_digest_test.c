#include "svsm/c/launch_digest.h"

#include "tests/c/expect.h"
#include "tests/c/vectors.inc"

static void TestLaunchDigest(void) {
  uint8_t digest[SVSM_LAUNCH_DIGEST_SIZE] = {0};
  uint8_t first[SVSM_PAGE_SIZE] = {0};
  uint8_t zero[SVSM_PAGE_SIZE] = {0};
  uint8_t last[SVSM_PAGE_SIZE] = {0};
  memcpy(first, "LGTMLGTMLGTMLGTM", 16);
  memcpy(last + SVSM_PAGE_SIZE - 16, "LGTMLGTMLGTMLGTM", 16);
  EXPECT(svsm_ok(svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0, first)));
  EXPECT(svsm_ok(svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0x1000, zero)));
  EXPECT_STATUS(svsm_launch_digest_add(digest, 0, 0, NULL), SVSM_INVALID_ARGUMENT, 0);
  EXPECT_STATUS(svsm_launch_digest_add(digest, 7, 0, NULL), SVSM_INVALID_ARGUMENT, 0);
  EXPECT_STATUS(svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0, NULL), SVSM_INVALID_ARGUMENT,
                0);
  EXPECT_STATUS(svsm_launch_digest_add(digest, SVSM_PAGE_ZERO, 0, zero), SVSM_INVALID_ARGUMENT, 0);
  EXPECT(!svsm_ok(svsm_launch_digest_add(digest, SVSM_PAGE_ZERO, 1, NULL)));
  EXPECT(svsm_ok(svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0x2000, last)));
  EXPECT(memcmp(digest, kLaunchDigest, sizeof(digest)) == 0);
}

int main(void) {
  TestLaunchDigest();
  return Finish();
}
