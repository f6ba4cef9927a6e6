// What is given back to the heap holds no secret of the broker's.
#include <cstdio>
#include <string>

#include "svsm/broker/admin.h"
#include "svsm/broker/signing_key.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"
#include "tests/freed_memory.h"

namespace svsm::broker {
namespace {

using testing::FakeRng;
using testing::Frees;
using testing::IsOk;

class WipeTest : public ::testing::Test {
 protected:
  WipeTest() { Remove(); }
  ~WipeTest() override { Remove(); }
  void Remove() { std::remove(path_.c_str()); }
  std::string File() {
    const Result<ByteVector> file = ReadFile(path_);
    EXPECT_THAT(file, IsOk());
    return std::string(file->begin(), file->end());
  }

  const std::string path_ = ::testing::TempDir() + "wiped";
};

TEST_F(WipeTest, AFileThatWasRead) {
  const std::string text = "a secret of some length";
  ASSERT_THAT(WriteFileAtomically(path_, AsBytes(text), FileMode::kPrivate), IsOk());
  EXPECT_EQ(Frees(text, [&] { ReadFile(path_).ok(); }), 1);
  EXPECT_EQ(Frees(text,
                  [&] {
                    Result<ByteVector> file = ReadFile(path_);
                    ASSERT_THAT(file, IsOk());
                    Wipe(*file);
                  }),
            0);
}

// The same generator makes the same key again, and this time it is known what to look for.
TEST_F(WipeTest, ASigningKey) {
  const testing::ManualClock clock(1'790'000'000);
  const auto make = [&] {
    FakeRng rng(3);
    auto ring = KeyRing::Open(path_, crypto::Curve::kP384, rng, clock);
    ASSERT_THAT(ring, IsOk());
    EXPECT_THAT((*ring)->Rotate(60, rng), IsOk());
  };
  make();
  const std::string file = File();
  for (std::size_t at = file.find("\"d\":\""); at != std::string::npos;
       at = file.find("\"d\":\"", at + 1)) {
    Remove();
    EXPECT_EQ(Frees(file.substr(at + 5, 64), make), 0) << at;
    EXPECT_EQ(File(), file);
    EXPECT_EQ(Frees(file.substr(at + 5, 64),
                    [&] {
                      FakeRng rng(4);
                      KeyRing::Open(path_, crypto::Curve::kP384, rng, clock).ok();
                    }),
              0);
  }
}

TEST_F(WipeTest, TheAdministratorsToken) {
  const auto make = [&] {
    FakeRng rng(3);
    EXPECT_THAT(AdminToken::Open(path_, rng), IsOk());
  };
  make();
  const std::string token = File();
  Remove();
  EXPECT_EQ(Frees(token.substr(0, token.size() - 1), make), 0);
  EXPECT_EQ(File(), token);
}

}  // namespace
}  // namespace svsm::broker
