// svsm/c/launch_digest.h: the digest of what a guest was launched with (svsm/snp/launch_digest.h).
//
//   uint8_t digest[SVSM_LAUNCH_DIGEST_SIZE] = {0};
//   svsm_launch_digest_add(digest, SVSM_PAGE_NORMAL, 0x1000, page);
//   svsm_launch_digest_add(digest, SVSM_PAGE_SECRETS, 0x2000, NULL);
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_C_LAUNCH_DIGEST_H_
#define SVSM_C_LAUNCH_DIGEST_H_

#include <stdint.h>

#include "svsm/c/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SVSM_LAUNCH_DIGEST_SIZE 48
#define SVSM_PAGE_SIZE 4096
#define SVSM_KVM_VMSA_GPA 0xFFFFFFFFF000u  // where KVM measures VMSA pages

enum svsm_page_type {
  SVSM_PAGE_NORMAL = 1,
  SVSM_PAGE_VMSA = 2,
  SVSM_PAGE_ZERO = 3,
  SVSM_PAGE_UNMEASURED = 4,
  SVSM_PAGE_SECRETS = 5,
  SVSM_PAGE_CPUID = 6
};

// Extends `digest`, which begins as zeros, by a page. `contents` are a page for types 1 and 2, and
// null for the others. Errors: SVSM_INVALID_ARGUMENT (an unknown type, contents that do not go with
// it, or an address that is not a multiple of 4096); `digest` has not changed then.
svsm_status svsm_launch_digest_add(uint8_t digest[SVSM_LAUNCH_DIGEST_SIZE], uint32_t page_type,
                                   uint64_t gpa, const uint8_t* contents);

#ifdef __cplusplus
}
#endif

#endif  // SVSM_C_LAUNCH_DIGEST_H_
