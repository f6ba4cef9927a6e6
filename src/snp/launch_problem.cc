#include "svsm/snp/launch_problem.h"

#include <cstddef>

namespace svsm::snp {
namespace {

constexpr const char* kTexts[] = {
    "no problem",
    "size is not a whole number of 4 KiB pages up to 16 MiB",
    "no footer table",
    "footer table's length is wrong",
    "footer table has an entry of a wrong length",
    "footer table has an entry twice",
    "no SEV metadata: this firmware cannot start under SEV-SNP",
    "SEV metadata are not inside the image",
    "SEV metadata have a wrong signature",
    "SEV metadata are not version 1",
    "SEV metadata announce more sections than there are",
    "SEV metadata have a section of unknown type",
    "a metadata section's address is not a page below 4 GiB",
    "a metadata section's size is wrong for its type",
    "metadata sections overlap each other or the image",
    "no reset block, which more than one vCPU needs",
    "reset address is 0, which more than one vCPU cannot use",
    "no place for the hashes of a kernel",
    "the kernel-hash table's address is not inside its page",
    "the kernel-hash section is not one page",
    "no SVSM entry point",
    "no room for the SVSM image below the firmware",
    "not an IGVM file",
    "IGVM format, architecture or page size is not supported",
    "IGVM file size differs from its header's",
    "IGVM variable headers are not inside the file",
    "IGVM checksum is wrong",
    "an IGVM header's length is wrong",
    "IGVM header padding is not zero",
    "an IGVM header is of unknown type",
    "IGVM headers are out of order",
    "an IGVM compatibility mask is wrong",
    "reserved bytes of an IGVM header are set",
    "the IGVM file is not for SEV-SNP",
    "IGVM data are not inside the file",
    "an IGVM address is not a page below 2^52",
    "an IGVM page data type is unknown",
    "IGVM page data have a wrong length",
    "an IGVM parameter area is wrong, unknown or used twice",
    "a 2 MiB IGVM page, which this loader refuses",
    "more than one IGVM ID block for SEV-SNP",
    "no IGVM guest policy, which this loader wants",
    "not exactly one IGVM vCPU context, which this loader wants",
};
static_assert(sizeof(kTexts) / sizeof(kTexts[0]) ==
              static_cast<std::size_t>(LaunchProblem::kIgvmContexts) + 1);

}  // namespace

const char* LaunchProblemText(std::uint32_t detail) {
  return detail < sizeof(kTexts) / sizeof(kTexts[0]) ? kTexts[detail] : "unknown problem";
}

}  // namespace svsm::snp
