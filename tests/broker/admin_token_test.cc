// What headers a token answers to; its file is tried in admin_test.cc.
#include <cstdlib>
#include <filesystem>

#include "svsm/broker/admin.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"

namespace svsm::broker {
namespace {

using testing::IsOk;

class AdminTokenTest : public ::testing::Test {
 protected:
  AdminTokenTest() {
    std::string pattern = ::testing::TempDir() + "admin-token-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~AdminTokenTest() override { std::filesystem::remove_all(folder_); }
  Result<AdminToken> Open(const std::string& file) {
    const std::string path = folder_ + "/token";
    EXPECT_THAT(WriteFileAtomically(path, AsBytes(file), FileMode::kPrivate), IsOk());
    return AdminToken::Open(path, rng_);
  }

  testing::FakeRng rng_;
  std::string folder_;
};

TEST_F(AdminTokenTest, IsABearersWholeHeader) {
  for (const char* file : {"0123456789abcdef", "0123456789abcdef\n"}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const AdminToken token, Open(file));
    EXPECT_TRUE(token.IsBearer("Bearer 0123456789abcdef"));
    for (const char* other :
         {"", "Bearer", "Bearer ", "bearer 0123456789abcdef", "Bearer  0123456789abcdef",
          "Bearer 0123456789abcdef ", "Bearer 0123456789abcdeF", "Bearer 0123456789abcde",
          "0123456789abcdef", "Basic OjAxMjM0NTY3ODlhYmNkZWY="}) {
      EXPECT_FALSE(token.IsBearer(other)) << other;
    }
  }
}

TEST_F(AdminTokenTest, IsAPasswordOfAnyUser) {
  SVSM_ASSERT_OK_AND_ASSIGN(const AdminToken token, Open("0123456789:abcdef\n"));
  EXPECT_TRUE(token.IsBasic("Basic OjAxMjM0NTY3ODk6YWJjZGVm"));      // no user
  EXPECT_TRUE(token.IsBasic("Basic bWU6MDEyMzQ1Njc4OTphYmNkZWY="));  // "me"
  for (const char* other : {"", "Basic", "Basic ", "basic OjAxMjM0NTY3ODk6YWJjZGVm",
                            "Basic OjAxMjM0NTY3ODk6YWJjZGVm=",  // not base64
                            "Basic MDEyMzQ1Njc4OTphYmNkZWY=",   // the first part is the user
                            "Basic OjAxMjM0NTY3ODk6YWJjZGV=",   // one character less
                            "Bearer 0123456789:abcdef"}) {
    EXPECT_FALSE(token.IsBasic(other)) << other;
  }
}

TEST_F(AdminTokenTest, WithoutAFileNothingMatches) {
  const AdminToken none = *AdminToken::Open(folder_ + "/new", rng_);
  EXPECT_FALSE(none.IsBearer("Bearer "));
  EXPECT_FALSE(none.IsBasic("Basic Og=="));
}

}  // namespace
}  // namespace svsm::broker
