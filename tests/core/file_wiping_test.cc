// What ReadFile() reads may be a key: no memory that it gives back has anything of it. By itself,
// as it watches all memory of the program.
// Covers: svsm/core/hosted.h
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"
#include "tests/freed_memory.h"

namespace svsm {
namespace {

constexpr std::uint8_t kMark = 0xA7;
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
    std::optional<Result<ByteVector>> bytes;
    EXPECT_EQ(testing::Frees(std::string(16, static_cast<char>(kMark)),
                             [&] {
                               bytes.emplace(ReadFile(path_));
                               EXPECT_FALSE(ReadFile(path_, size - 1).ok());
                             }),
              0)
        << size;
    ASSERT_THAT(*bytes, testing::IsOk());
    EXPECT_EQ(**bytes, ByteVector(size, kMark));
  }
}

}  // namespace
}  // namespace svsm
