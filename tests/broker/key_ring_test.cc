// Covers: svsm/broker/signing_key.h
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "svsm/broker/signing_key.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"

namespace svsm::broker {
namespace {

using crypto::Curve;
using testing::IsOk;
using testing::IsStatus;

constexpr std::int64_t kNow = 1'790'000'000;

class KeyRingTest : public ::testing::Test {
 protected:
  KeyRingTest() {
    std::string pattern = ::testing::TempDir() + "ring-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/keys.jwks";
  }
  ~KeyRingTest() override { std::filesystem::remove_all(folder_); }

  Result<std::unique_ptr<KeyRing>> Open(Curve curve = Curve::kP256) {
    return KeyRing::Open(path_, curve, rng_, clock_);
  }
  std::string File() {
    const Result<ByteVector> bytes = ReadFile(path_);
    EXPECT_THAT(bytes, IsOk());
    return std::string(bytes->begin(), bytes->end());
  }
  void Put(const std::string& text) {
    ASSERT_THAT(WriteFileAtomically(path_, AsBytes(text), FileMode::kPrivate), IsOk());
  }

  std::string folder_;
  std::string path_;
  testing::FakeRng rng_;
  testing::ManualClock clock_{kNow};
};

TEST_F(KeyRingTest, MakesAKeyOnFirstStartAndKeepsIt) {
  for (const Curve curve : {Curve::kP256, Curve::kP384}) {
    std::filesystem::remove(path_);
    SVSM_ASSERT_OK_AND_ASSIGN(const auto ring, Open(curve));
    EXPECT_EQ(ring->active()->public_key().curve, curve);
    struct ::stat info = {};
    ASSERT_EQ(::stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    SVSM_ASSERT_OK_AND_ASSIGN(const auto again, Open(Curve::kP256));
    EXPECT_EQ(again->active()->public_key(), ring->active()->public_key());
    // Nothing else is left in the folder.
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  }
}

TEST_F(KeyRingTest, OfManyStartsAtOnceOneMakesTheKey) {
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    threads.emplace_back([&, i] {
      testing::FakeRng rng(i + 1);
      const auto ring = KeyRing::Open(path_, Curve::kP256, rng, clock_);
      if (ring.ok()) ids[i] = (*ring)->active()->id();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(ids[0].empty());
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
}

TEST_F(KeyRingTest, RotatesWithAnOverlap) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto ring, Open(Curve::kP384));
  const std::string first = ring->active()->id();
  ASSERT_THAT(ring->Rotate(3600, rng_), IsOk());
  const std::string second = ring->active()->id();
  EXPECT_NE(second, first);
  EXPECT_EQ(ring->active()->public_key().curve, Curve::kP384);
  ASSERT_NE(ring->Find(first), nullptr);
  ASSERT_EQ(ring->Keys().size(), 2u);
  EXPECT_EQ(ring->Keys()[0]->id(), second);
  EXPECT_EQ(ring->PublicKeys()[1], ring->Find(first)->public_key());

  // Another process sees the same.
  SVSM_ASSERT_OK_AND_ASSIGN(const auto again, Open());
  EXPECT_EQ(again->active()->id(), second);
  EXPECT_NE(again->Find(first), nullptr);

  clock_.unix_seconds = kNow + 3599;
  EXPECT_NE(ring->Find(first), nullptr);
  clock_.unix_seconds = kNow + 3600;
  EXPECT_EQ(ring->Find(first), nullptr);
  EXPECT_EQ(ring->Find("unknown"), nullptr);
  EXPECT_EQ(ring->Keys().size(), 1u);
  EXPECT_NE(File().find(first), std::string::npos);
  ASSERT_THAT(ring->Rotate(0, rng_), IsOk());
  EXPECT_EQ(File().find(first), std::string::npos);
}

TEST_F(KeyRingTest, RotatesOnlyWhileThereIsPlace) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto ring, Open());
  for (std::size_t i = 1; i < kMaxRingKeys; ++i) ASSERT_THAT(ring->Rotate(60, rng_), IsOk());
  const std::string before = File();
  EXPECT_THAT(ring->Rotate(60, rng_), IsStatus(Code::kExhausted, Source::kBroker));
  EXPECT_THAT(ring->Rotate(-1, rng_), IsStatus(Code::kInvalidArgument, Source::kBroker));
  EXPECT_EQ(File(), before);
  clock_.unix_seconds += 60;
  EXPECT_THAT(ring->Rotate(60, rng_), IsOk());
}

TEST_F(KeyRingTest, KeepsTheKeyIfItCannotRotate) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto ring, Open());
  const std::string id = ring->active()->id();
  rng_.status = Status(Code::kExhausted, Source::kCaller);
  EXPECT_THAT(ring->Rotate(60, rng_), IsStatus(Code::kExhausted, Source::kCaller));
  rng_.status = OkStatus();
  std::filesystem::remove_all(folder_);
  EXPECT_THAT(ring->Rotate(60, rng_), IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  EXPECT_EQ(ring->active()->id(), id);
  EXPECT_EQ(ring->Keys().size(), 1u);
}

TEST_F(KeyRingTest, PublishesPublicHalvesOnly) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto ring, Open());
  const std::string text = ring->PublicJwkSet();
  EXPECT_NE(text.find(ring->active()->id()), std::string::npos);
  EXPECT_EQ(text.find("\"d\""), std::string::npos);
  EXPECT_NE(File().find("\"d\""), std::string::npos);
}

TEST_F(KeyRingTest, RefusesAFileThatOthersMayRead) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto ring, Open());
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_THAT(Open(), IsStatus(Code::kPermissionDenied, Source::kBroker, 0640));
}

TEST_F(KeyRingTest, RefusesADamagedFile) {
  const auto damaged = IsStatus(Code::kDataLoss, Source::kBroker);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto ring, Open());
  const std::string good = File();
  const auto replaced = [&](const std::string& from, const std::string& to) {
    const std::size_t at = good.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return std::string(good).replace(at, from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("{\"keys\":[]}"), std::string("{}"), good + good,
        good.substr(0, good.size() / 2), replaced("P-256", "P-384"), replaced("P-256", "P-521"),
        replaced("\"d\":\"", "\"d\":\"A"), replaced("\"x\":\"", "\"x\":\"A"),
        replaced("\"created\":", "\"Created\":"), replaced("\"expires\":0", "\"expires\":1"),
        replaced("\"expires\":0", "\"expires\":9223372036854775808"), std::string(20000, ' ')}) {
    Put(text);
    EXPECT_THAT(Open(), damaged) << text;
  }
  // A private key that is not that of the public one.
  SVSM_ASSERT_OK_AND_ASSIGN(const auto other,
                            KeyRing::Open(folder_ + "/other", Curve::kP256, rng_, clock_));
  Put(good);
  const std::string id = ring->active()->id();
  EXPECT_NE(other->active()->id(), id);
  std::string key = "\"d\":\"";
  const std::size_t at = good.find(key) + key.size();
  Put(std::string(good).replace(at, 1, good[at] == 'B' ? "C" : "B"));
  EXPECT_THAT(Open(), damaged);
  Put(good);
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(KeyRingTest, SaysWhyThereIsNoRing) {
  EXPECT_THAT(Open(Curve::kP521), IsStatus(Code::kUnsupported, Source::kBroker));
  EXPECT_THAT(KeyRing::Open(folder_ + "/none/keys", Curve::kP256, rng_, clock_),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  // A folder.
  EXPECT_THAT(KeyRing::Open(folder_, Curve::kP256, rng_, clock_),
              IsStatus(Code::kIoError, Source::kSystem, EISDIR));
  rng_.status = Status(Code::kExhausted, Source::kCaller);
  EXPECT_THAT(Open(), IsStatus(Code::kExhausted, Source::kCaller));
}

}  // namespace
}  // namespace svsm::broker
