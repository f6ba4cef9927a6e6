#include "svsm/broker/challenge.h"

#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"

namespace svsm::broker {
namespace {

using ::testing::Eq;
using testing::FakeRng;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;
using ::testing::StrEq;

constexpr std::int64_t kNow = 1795305087;

Secret<32> Key(std::uint8_t byte) {
  Secret<32> key;
  Fill(key.writable(), byte);
  return key;
}

TEST(MacChallengesTest, FindsWhatItIssued) {
  FakeRng rng;
  MacChallenges source(Key(1), rng);
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge issued, source.Issue(Tee::kSample, kNow));
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge found, source.Find(issued.session, kNow));
  EXPECT_THAT(found.nonce, SameBytes(issued.nonce));
  EXPECT_EQ(found.tee, Tee::kSample);
  EXPECT_EQ(found.session, issued.session);
}

TEST(MacChallengesTest, ChallengesDiffer) {
  FakeRng rng;
  MacChallenges source(Key(1), rng);
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge first, source.Issue(Tee::kSnp, kNow));
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge second, source.Issue(Tee::kSnp, kNow));
  EXPECT_NE(first.session, second.session);
  EXPECT_NE(first.nonce, second.nonce);
}

TEST(MacChallengesTest, BrokersWithOneKeyKnowTheSame) {
  FakeRng rng;
  MacChallenges one(Key(1), rng);
  MacChallenges same(Key(1), rng);
  MacChallenges other(Key(2), rng);
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge issued, one.Issue(Tee::kSnp, kNow));
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge there, same.Find(issued.session, kNow));
  EXPECT_EQ(there.nonce, issued.nonce);
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge elsewhere, other.Find(issued.session, kNow));
  EXPECT_NE(elsewhere.nonce, issued.nonce);
}

TEST(MacChallengesTest, ForgetsAfterTheirTime) {
  FakeRng rng;
  MacChallenges source(Key(1), rng);
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge issued, source.Issue(Tee::kSnp, kNow));
  EXPECT_THAT(source.Find(issued.session, kNow + kChallengeSeconds), IsOk());
  EXPECT_THAT(source.Find(issued.session, kNow + kChallengeSeconds + 1),
              IsStatus(Code::kNotFound, Source::kBroker));
  EXPECT_THAT(source.Find(issued.session, kNow - 1), IsStatus(Code::kNotFound, Source::kBroker));
}

TEST(MacChallengesTest, KnowsNoTeeBeyondItsList) {
  FakeRng rng;
  MacChallenges source(Key(1), rng);
  SVSM_ASSERT_OK_AND_ASSIGN(Challenge issued, source.Issue(Tee::kSnp, kNow));
  issued.session[5] = kNumTees;
  EXPECT_THAT(source.Find(issued.session, kNow), IsStatus(Code::kNotFound, Source::kBroker));
}

TEST(MacChallengesTest, AnIdThatWasMadeUpHasANonceNobodyWasTold) {
  FakeRng rng;
  MacChallenges source(Key(1), rng);
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge issued, source.Issue(Tee::kSnp, kNow));
  SessionId made_up = issued.session;
  made_up[15] ^= 1;
  SVSM_ASSERT_OK_AND_ASSIGN(const Challenge found, source.Find(made_up, kNow));
  EXPECT_NE(found.nonce, issued.nonce);
}

TEST(MacChallengesTest, SaysThatItsGeneratorFails) {
  FakeRng rng;
  rng.status = Status(Code::kExhausted, Source::kCaller);
  MacChallenges source(Key(1), rng);
  EXPECT_THAT(source.Issue(Tee::kSnp, kNow), IsStatus(Code::kExhausted, Source::kCaller));
}

TEST(CookieTest, GoesThereAndBack) {
  SessionId session{};
  for (std::size_t i = 0; i < session.size(); ++i) session[i] = static_cast<std::uint8_t>(i * 17);
  const std::string cookie = CookieOf(session, 1795305387);
  EXPECT_THAT(cookie, StrEq("kbs-session-id=00112233445566778899aabbccddeeff; "
                            "Expires=Sat, 21 Nov 2026 23:56:27 GMT"));
  EXPECT_THAT(SessionOfCookie(cookie), IsOkAnd(Eq(session)));
}

TEST(CookieTest, IsFoundAmongOthers) {
  EXPECT_THAT(SessionOfCookie("a=b; kbs-session-id=00112233445566778899aabbccddeeff; c=d"), IsOk());
}

TEST(CookieTest, RefusesWhatIsNoSession) {
  EXPECT_THAT(SessionOfCookie(""), IsStatus(Code::kNotFound, Source::kBroker));
  EXPECT_THAT(SessionOfCookie("a=b"), IsStatus(Code::kNotFound, Source::kBroker));
  EXPECT_THAT(SessionOfCookie("kbs-session-id=00112233445566778899aabbccddeef"),
              IsStatus(Code::kMalformed, Source::kBroker));
  EXPECT_THAT(SessionOfCookie("kbs-session-id=00112233445566778899aabbccddeefg"),
              IsStatus(Code::kMalformed, Source::kBroker));
}

TEST(TeeNameTest, NamesThemAsMessagesDo) {
  EXPECT_THAT(TeeName(Tee::kSnp), StrEq("snp"));
  EXPECT_THAT(TeeName(Tee::kSample), StrEq("sample"));
  EXPECT_THAT(TeeName(Tee::kAzTdxVtpm), StrEq("az-tdx-vtpm"));
  EXPECT_THAT(TeeName(static_cast<Tee>(kNumTees)), StrEq("?"));
}

}  // namespace
}  // namespace svsm::broker
