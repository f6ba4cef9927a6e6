// svsm/snp/igvm_measure.h: the launch digest that an IGVM file causes.
//
// The file alone does not decide it: loaders differ in what they do with empty pages, parameter
// areas, shared pages and vCPU contexts. So a digest has a loader profile, which is named.
//
//   SVSM_ASSIGN_OR_RETURN(const IgvmFile file, IgvmFile::Parse(bytes));
//   SVSM_ASSIGN_OR_RETURN(const auto digest, MeasureIgvm(sha384, file, IgvmLoader::kQemu, zeros));
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: AMD 56860, "SNP_LAUNCH_UPDATE"; the profiles are those of the loaders.
#ifndef SVSM_SNP_IGVM_MEASURE_H_
#define SVSM_SNP_IGVM_MEASURE_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/hash.h"
#include "svsm/snp/igvm.h"
#include "svsm/snp/launch_digest.h"

namespace svsm::snp {

enum class IgvmLoader : std::uint8_t {
  // COCONUT's igvmmeasure: empty pages are pages of zeros, of a parameter area the first page alone
  // counts, and vCPU contexts count whatever their mask.
  kIgvmmeasure,
  kIgvmmeasureNativeZero,  // with --native-zero: the AMD-SP zeroes empty pages
  // Microsoft's igvm crate and openvmm: whole parameter areas, shared pages left out; a file with
  // 2 MiB pages or without guest policy is refused.
  kIgvmCrate,
  // QEMU on KVM: the AMD-SP zeroes empty pages, whole parameter areas, and the one vCPU context is
  // measured last at kKvmVmsaGpa.
  kQemu
};

// `sha384` must be SHA-384 (panics otherwise); `scratch` is a page of the caller's, whose bytes
// afterwards are of no use.
// Errors: kUnsupported (detail = LaunchProblem: kIgvmTwoMibPage, kIgvmNoPolicy, kIgvmContexts,
// where the loader refuses the file), kMalformed (kIgvmFileOffset: a context of another platform
// that the loader measures has not a page of data), and the hash's.
Result<Bytes<kLaunchDigestSize>> MeasureIgvm(const crypto::Hash& sha384, const IgvmFile& file,
                                             IgvmLoader loader, FixedSpan<kPageSize> scratch);

}  // namespace svsm::snp

#endif  // SVSM_SNP_IGVM_MEASURE_H_
