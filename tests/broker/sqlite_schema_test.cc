// What a file must be; SqliteStore's tests alter many more.
#include "broker/sqlite_schema.h"

#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"

namespace svsm::broker {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::IsStatus;

class SqliteSchemaTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(db_.Open(":memory:"), IsOk()); }
  std::vector<std::string> Texts(const char* sql) {
    Statement statement;
    EXPECT_THAT(statement.Prepare(db_, sql), IsOk());
    Query query(statement.get());
    std::vector<std::string> texts;
    for (Result<bool> more = query.Step(); more.ok() && *more; more = query.Step()) {
      texts.push_back(query.Text());
    }
    EXPECT_THAT(query.Finish(), IsOk());
    return texts;
  }

  Sqlite db_;
  testing::FakeRng rng_;
};

TEST_F(SqliteSchemaTest, AnEmptyFileGetsTablesMarkAndKey) {
  ASSERT_THAT(PrepareSchema(db_, rng_), IsOk());
  EXPECT_EQ(rng_.drawn, 32u);
  EXPECT_THAT(Texts("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"),
              ElementsAre("boot_request", "meta", "secret", "secret_reply", "session",
                          "session_refused", "session_token", "vm", "vm_last_at"));
  EXPECT_THAT(Texts("SELECT CAST(application_id AS TEXT) FROM pragma_application_id"),
              ElementsAre(std::to_string(kApplicationId)));
  EXPECT_THAT(Texts("SELECT CAST(user_version AS TEXT) FROM pragma_user_version"),
              ElementsAre(std::to_string(kSchemaVersion)));
  EXPECT_THAT(Texts("SELECT CAST(length(challenge_key) AS TEXT) FROM meta"), ElementsAre("32"));
}

TEST_F(SqliteSchemaTest, ItsOwnFileIsTakenAsItIs) {
  ASSERT_THAT(PrepareSchema(db_, rng_), IsOk());
  const auto key = Texts("SELECT hex(challenge_key) FROM meta");
  ASSERT_THAT(PrepareSchema(db_, rng_), IsOk());
  EXPECT_EQ(rng_.drawn, 32u);
  EXPECT_EQ(Texts("SELECT hex(challenge_key) FROM meta"), key);
}

TEST_F(SqliteSchemaTest, AnythingElseIsRefused) {
  ASSERT_THAT(db_.Run("CREATE TABLE theirs (x)"), IsOk());
  EXPECT_THAT(PrepareSchema(db_, rng_), IsStatus(Code::kDataLoss, Source::kBroker));
  EXPECT_THAT(Texts("SELECT name FROM sqlite_schema"), ElementsAre("theirs"));
  EXPECT_EQ(rng_.drawn, 0u);
}

TEST_F(SqliteSchemaTest, ALaterVersionIsRefused) {
  ASSERT_THAT(PrepareSchema(db_, rng_), IsOk());
  ASSERT_THAT(db_.Run("PRAGMA user_version = 2"), IsOk());
  EXPECT_THAT(PrepareSchema(db_, rng_), IsStatus(Code::kUnsupported, Source::kBroker, 2));
}

TEST_F(SqliteSchemaTest, NothingIsMadeWithoutAKey) {
  rng_.status = Status(Code::kExhausted, Source::kCaller);
  EXPECT_THAT(PrepareSchema(db_, rng_), IsStatus(Code::kExhausted, Source::kCaller));
  EXPECT_THAT(Texts("SELECT name FROM sqlite_schema"), ElementsAre());
}

}  // namespace
}  // namespace svsm::broker
