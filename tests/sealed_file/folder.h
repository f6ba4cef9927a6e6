// A folder of its own for each test, and a disk that fills up.
#ifndef TESTS_SEALED_FILE_FOLDER_H_
#define TESTS_SEALED_FILE_FOLDER_H_

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/crypto/rng.h"

namespace svsm::sealed_file {

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    std::string pattern = ::testing::TempDir() + "svsm-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  ByteVector FileBytes(const std::string& name) const {
    const Result<ByteVector> bytes = ReadFile(Path(name));
    EXPECT_TRUE(bytes.ok()) << name;
    return bytes.ok() ? *bytes : ByteVector();
  }
  // Files in the folder, without the lock.
  std::size_t NumFiles() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().string().find("lock") == std::string::npos) ++count;
    }
    return count;
  }

  std::string folder_;
};

// While it lives, no file of this process grows beyond `bytes`.
class FullDisk {
 public:
  explicit FullDisk(std::size_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

// While it lives, the folder can be read but not written, by root neither.
class ReadOnlyFolder {
 public:
  explicit ReadOnlyFolder(const std::string& folder) : folder_(folder), root_(::geteuid() == 0) {
    EXPECT_EQ(::chmod(folder_.c_str(), 0555), 0);
    if (root_) {
      EXPECT_EQ(::seteuid(65534), 0);
    }
  }
  ReadOnlyFolder(const ReadOnlyFolder&) = delete;
  ReadOnlyFolder& operator=(const ReadOnlyFolder&) = delete;
  ~ReadOnlyFolder() {
    if (root_) {
      EXPECT_EQ(::seteuid(0), 0);
    }
    EXPECT_EQ(::chmod(folder_.c_str(), 0700), 0);
  }

 private:
  std::string folder_;
  bool root_;
};

// 0, 1, 2, ... without end; or nothing at all.
class CountingRng final : public crypto::Rng {
 public:
  Status Generate(ByteSpan out) override {
    Fill(out, 0);
    if (failing) return Status(Code::kExhausted, Source::kCaller);
    for (std::uint8_t& byte : out) byte = next++;
    return OkStatus();
  }
  std::uint8_t next = 0;
  bool failing = false;
};

}  // namespace svsm::sealed_file

#endif  // TESTS_SEALED_FILE_FOLDER_H_
