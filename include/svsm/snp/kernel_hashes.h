// svsm/snp/kernel_hashes.h: the page with which a VMM vouches for a directly booted kernel.
//
// QEMU hashes kernel, initial RAM disk and command line and puts the table into a page that the
// firmware reserves; the launch digest covers it, and the firmware checks what it loads.
//
//   SVSM_ASSIGN_OR_RETURN(const KernelHashes hashes, HashKernel(sha256, kernel, initrd, "ro"));
//   SVSM_TRY(BuildKernelHashPage(hashes, 0xC00, page));
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: QEMU "confidential guest support", EDK II "BlobVerifierLibSevHashes".
#ifndef SVSM_SNP_KERNEL_HASHES_H_
#define SVSM_SNP_KERNEL_HASHES_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/crypto/hash.h"

namespace svsm::snp {

// Three entries of 50 bytes behind a head of 18, padded to 16.
inline constexpr std::size_t kKernelHashTableSize = 176;

struct KernelHashes {
  Bytes<crypto::kSha256Size> command_line;
  Bytes<crypto::kSha256Size> initrd;
  Bytes<crypto::kSha256Size> kernel;
};

// SHA-256 of each; the command line is hashed as it is given, with one NUL behind it. An initial
// RAM disk or command line that is not there is empty. Panics unless `sha256` is SHA-256.
// Errors: the hash's.
Result<KernelHashes> HashKernel(const crypto::Hash& sha256, ByteView kernel, ByteView initrd,
                                ByteView command_line);

// Writes the table at `offset_in_page` of an otherwise zeroed page.
// Errors: kInvalidArgument (the table would run over the page's end).
Status BuildKernelHashPage(const KernelHashes& hashes, std::size_t offset_in_page,
                           FixedSpan<kPageSize> page);

}  // namespace svsm::snp

#endif  // SVSM_SNP_KERNEL_HASHES_H_
