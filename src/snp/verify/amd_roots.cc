#include "snp/verify/amd_roots.h"

namespace svsm::snp {
namespace {

#include "snp/verify/amd_roots.inc"

}  // namespace

std::span<const AmdRoot> AmdRoots() { return kAmdRoots; }

}  // namespace svsm::snp
