// Nothing that a TPM stores stays in memory that the TPM has given back. By itself, as it watches
// all memory of the program.
// Covers: svsm/vtpm/libtpms_engine.h
#include <gtest/gtest.h>
#include <malloc.h>

#include "svsm/testing/matchers.h"
#include "tests/vtpm/test_tpm.h"

namespace svsm::vtpm {
namespace {

constexpr std::uint8_t kMark = 0xA7;
constexpr std::uint16_t kMarks = 32;
constexpr std::uint32_t kIndex = 0x01500001;

bool watching = false;
std::size_t found = 0;

// Counts blocks with a run of marks in them.
void Look(const void* memory) {
  if (!watching || memory == nullptr) return;
  const auto* const bytes = static_cast<const std::uint8_t*>(memory);
  const std::size_t size = ::malloc_usable_size(const_cast<void*>(memory));
  std::size_t run = 0;
  for (std::size_t i = 0; i < size && run < kMarks; ++i) run = bytes[i] == kMark ? run + 1 : 0;
  if (run == kMarks) ++found;
}

TEST(LibtpmsWiping, StatesAreWipedBeforeTheirMemoryIsGivenBack) {
  FaultStore store;
  TestTpm tpm(store);
  tpm.Start();
  const NvPublic index{kIndex, evidence::TpmAlg::kSha256,
                       kNvPlatformCreate | kNvPpWrite | kNvAuthRead | kNvNoDa, kMarks};
  ASSERT_EQ(tpm.Code(BuildNvDefineSpace(index, tpm.command)), kTpmRcSuccess);
  const ByteVector marks(kMarks, kMark);
  watching = true;
  const std::uint32_t code = tpm.Code(BuildNvWrite(kIndex, marks, 0, tpm.command));
  watching = false;
  ASSERT_EQ(code, kTpmRcSuccess);
  EXPECT_EQ(found, 0u);
  found = 0;
  watching = true;
  tpm.engine().PowerOff();
  const Status on = tpm.engine().PowerOn(StoredVolatile::kDelete);
  watching = false;
  ASSERT_THAT(on, testing::IsOk());
  EXPECT_EQ(found, 0u);
}

}  // namespace
}  // namespace svsm::vtpm

extern "C" {
void __libc_free(void* memory);  // NOLINT(bugprone-reserved-identifier): glibc's own
void free(void* memory) noexcept {
  svsm::vtpm::Look(memory);
  __libc_free(memory);
}
}
