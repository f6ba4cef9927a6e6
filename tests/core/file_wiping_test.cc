// What ReadFile() reads may be a key: no memory that it gives back has anything of it. By itself,
// as it watches all memory of the program.
// Covers: svsm/core/hosted.h
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

constexpr std::uint8_t kMark = 0xA7;
constexpr std::size_t kRun = 16;

bool watching = false;
std::size_t found = 0;

// Counts blocks with a run of marks in them.
void Look(const void* memory, std::size_t size) {
  if (!watching) return;
  const auto* const bytes = static_cast<const std::uint8_t*>(memory);
  std::size_t run = 0;
  for (std::size_t i = 0; i < size && run < kRun; ++i) run = bytes[i] == kMark ? run + 1 : 0;
  if (run == kRun) ++found;
}

class FileWiping : public ::testing::Test {
 protected:
  ~FileWiping() override { ::unlink(path_.c_str()); }
  void Put(std::size_t size) {
    ASSERT_THAT(WriteFileAtomically(path_, ByteVector(size, kMark), FileMode::kPrivate),
                testing::IsOk());
  }
  const std::string path_ = ::testing::TempDir() + "svsm_file_wiping_" + std::to_string(::getpid());
};

TEST_F(FileWiping, LeavesNothingInMemoryThatItGivesBack) {
  for (const std::size_t size : {std::size_t{32}, std::size_t{70'000}, std::size_t{1'000'000}}) {
    Put(size);
    found = 0;
    watching = true;
    Result<ByteVector> bytes = ReadFile(path_);
    const bool refused = !ReadFile(path_, size - 1).ok();
    watching = false;
    ASSERT_THAT(bytes, testing::IsOk());
    EXPECT_TRUE(refused);
    EXPECT_EQ(*bytes, ByteVector(size, kMark));
    EXPECT_EQ(found, 0u) << size;
  }
}

}  // namespace
}  // namespace svsm

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t size) noexcept {
  svsm::Look(memory, size);
  std::free(memory);
}
