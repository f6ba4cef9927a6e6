// svsm/snp/launch_problem.h: why an image cannot be measured, for people.
//
// The parsers and measurers of launch images (ovmf.h, igvm.h, launch_measure.h) refuse with
// kMalformed or kUnsupported and one of these as the Status's detail.
//
//   fmt::print(stderr, "{}: {}\n", path, LaunchProblemText(status.detail()));
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_SNP_LAUNCH_PROBLEM_H_
#define SVSM_SNP_LAUNCH_PROBLEM_H_

#include <cstdint>

#include "svsm/core/status.h"

namespace svsm::snp {

enum class LaunchProblem : std::uint32_t {
  kNone = 0,
  // Firmware images.
  kImageSize,         // not a multiple of 4096 bytes, empty, or larger than 16 MiB
  kNoFooterTable,     // no GUIDed table 32 bytes before the end
  kFooterTableSize,   // the table's length is below its own entry's or goes past the image's start
  kFooterEntrySize,   // an entry's length is below 18 or past the table's start
  kFooterEntryTwice,  // one of the entries that are read is there twice
  kNoMetadata,        // no SEV metadata: such an image cannot start under SNP
  kMetadataOffset,    // the metadata are not inside the image
  kMetadataMagic,     // not "ASEV"
  kMetadataVersion,   // not version 1
  kMetadataCount,     // more sections announced than there are, or more than 128
  kSectionType,       // a type that nobody has defined
  kSectionPlace,      // address not a multiple of 4096, or past 4 GiB
  kSectionSize,       // not a multiple of 4096, zero, or for secrets and CPUID not one page
  kSectionOverlap,    // two sections share a page, or one shares a page with the image
  // Measuring firmware.
  kNoResetBlock,       // more than one vCPU, and the image has no entry for the others
  kResetAddressZero,   // more than one vCPU, and their entry is at 0
  kNoKernelHashes,     // a kernel, and no section or table for its hashes
  kKernelHashesPlace,  // the hash table's address is not inside its section's page
  kKernelHashesPages,  // the hash section is not one page
  kNoSvsmInfo,         // an SVSM image without its entry point
  kSvsmPlace,          // no room for the SVSM image below the firmware and its variables
  // IGVM files.
  kIgvmMagic,          // not "IGVM"
  kIgvmVersion,        // neither format 1 nor 2, another architecture, or pages not of 4096 bytes
  kIgvmFileSize,       // the file's length is not what its header says
  kIgvmHeaderPlace,    // the variable headers are not inside the file, or not aligned to 8
  kIgvmChecksum,       // CRC-32 over the headers differs
  kIgvmHeaderSize,     // a variable header runs past their end, or has not the size of its type
  kIgvmHeaderPadding,  // bytes that align headers are not zero
  kIgvmHeaderType,     // an unknown type that may not be ignored
  kIgvmHeaderOrder,    // platform, initialisation and directive headers are mixed
  kIgvmMask,           // a compatibility mask of no platform of the file, or one bit for two
  kIgvmReserved,       // reserved bytes or flags are set
  kIgvmPlatform,       // no SEV-SNP platform
  kIgvmFileOffset,     // a header's data are not inside the file's data
  kIgvmPageAddress,    // an address is not a multiple of the page size, or past 2^52
  kIgvmDataType,       // a page data type that nobody has defined
  kIgvmDataSize,       // a page's data are longer than the page, or not whole where they must be
  kIgvmParameterArea,  // an area twice, unknown, inserted already, or not of whole pages
  kIgvmTwoMibPage,     // a 2 MiB page, which the loader profile refuses
  kIgvmIdBlock,        // more than one ID block for SEV-SNP
  kIgvmNoPolicy,       // no guest policy, which the loader profile wants
  kIgvmContexts        // not exactly one vCPU context, which the loader profile wants
};

// One line without a full stop for a Status's detail; "unknown problem" for a number outside the
// list.
const char* LaunchProblemText(std::uint32_t detail);

constexpr Status LaunchMalformed(LaunchProblem problem) {
  return Status(Code::kMalformed, Source::kSnp, static_cast<std::uint32_t>(problem));
}
constexpr Status LaunchUnsupported(LaunchProblem problem) {
  return Status(Code::kUnsupported, Source::kSnp, static_cast<std::uint32_t>(problem));
}

}  // namespace svsm::snp

#endif  // SVSM_SNP_LAUNCH_PROBLEM_H_
