// A broker that is killed at any moment keeps what it answered for.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include "svsm/kbs/jwe.h"
#include "svsm/kbs/secret_signature.h"
#include "svsm/testing/matchers.h"
#include "tests/broker/broker_fixture.h"
#include "tests/broker/guest.h"
#include "tests/snp_verify/world.h"

namespace svsm::broker {
namespace {

using testing::IsOk;

constexpr const char* kName = "default/disk/key";
constexpr std::size_t kThreads = 4;

// What a client saw, as it goes through the pipe in one piece.
struct Answer {
  SessionId session{};
  Bytes<48> reply_digest{};
  std::uint64_t boot = 0;
};

Bytes<48> Sha384(ByteView bytes) {
  Bytes<48> digest{};
  EXPECT_THAT(crypto::OpensslHash(crypto::HashAlg::kSha384).Digest(bytes, digest), IsOk());
  return digest;
}

std::uint64_t BootOf(const std::string& reply) {
  ByteVector text(reply.size());
  const auto jwe = kbs::DecodeJwe(AsBytes(reply), text);
  if (!jwe.ok()) return 0;
  ByteVector header(reply.size());
  const auto json = kbs::DecodeBase64(kbs::Base64::kUrl, jwe->protected_text, header);
  if (!json.ok()) return 0;
  ByteVector parts(reply.size());
  const auto decoded = kbs::DecodeJweHeader(*json, parts);
  if (!decoded.ok()) return 0;
  ByteVector more(reply.size());
  const auto signature = kbs::DecodeSecretSignature(decoded->svsm, more);
  return signature.ok() ? signature->boot.value : 0;
}

class KillTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "kill.db";
    for (const char* suffix : {"", "-wal", "-shm"}) std::remove((path_ + suffix).c_str());
  }

  // Boots guests until it is killed, and tells of every answer.
  [[noreturn]] void Serve(int out, std::uint64_t round) {
    BrokerFixture fixture({}, roots_, vceks_, snp::forge::kNow, nullptr, path_);
    fixture.rng = testing::FakeRng(2 * round);
    fixture.challenge_rng = testing::FakeRng(2 * round + 1);
    testing::FakeRng seeds(round);
    Bytes<kThreads * 8> drawn{};
    static_cast<void>(seeds.Generate(drawn).ok());
    static_cast<void>(fixture.resources.Put(kName, ByteVector(32, 1)).ok());
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (;;) {
          HttpGuest guest(*fixture.broker, crypto::Curve::kP256, drawn[8 * t] + 1);
          guest.Auth();
          if (guest.Attest(guest.Body()).status != 200) continue;
          const Response reply = guest.Get(kName);
          if (reply.status != 200) continue;
          Answer answer;
          answer.session = *SessionOfCookie(guest.cookie);
          answer.reply_digest = Sha384(AsBytes(reply.body));
          answer.boot = BootOf(reply.body);
          if (write(out, &answer, sizeof answer) != sizeof answer) _exit(1);
        }
      });
    }
    for (;;) pause();
  }

  std::vector<Answer> Round(std::uint64_t round) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      Serve(ends[1], round);
    }
    close(ends[1]);
    // The first answer shows that it serves; then some moment, another each round.
    std::vector<Answer> answers;
    Answer answer;
    if (read(ends[0], &answer, sizeof answer) == sizeof answer) answers.push_back(answer);
    usleep(static_cast<useconds_t>(round * 7919 % 40000));
    EXPECT_EQ(kill(child, SIGKILL), 0);
    while (read(ends[0], &answer, sizeof answer) == sizeof answer) answers.push_back(answer);
    close(ends[0]);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    return answers;
  }

  std::string path_;
  ForgedVceks vceks_;
  snp::TrustStore roots_ = snp::forge::StoreOf(snp::Product::kMilan);
};

TEST_F(KillTest, EveryAnswerIsARowAndNoBootNumberIsGivenTwice) {
  const char* wanted = std::getenv("SVSM_KILL_ROUNDS");
  const std::uint64_t rounds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 200;
  std::set<std::uint64_t> boots;
  std::size_t answered = 0;
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    const std::vector<Answer> answers = Round(round);
    ASSERT_FALSE(answers.empty()) << round;
    testing::FakeRng rng;
    SVSM_ASSERT_OK_AND_ASSIGN(const auto store, SqliteStore::Open(path_, rng));
    for (const Answer& answer : answers) {
      SVSM_ASSERT_OK_AND_ASSIGN(const Session session, store->FindSession(answer.session));
      EXPECT_TRUE(session.verdict.affirmed);
      EXPECT_EQ(session.boot.value, answer.boot);
      SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector reply, store->FindSecret(answer.session, kName));
      EXPECT_EQ(Sha384(reply), answer.reply_digest);
      EXPECT_TRUE(boots.insert(answer.boot).second) << "boot " << answer.boot << " given twice";
    }
    answered += answers.size();
    // Rows without an answer are those that the kill cut off: at most one a thread.
    SVSM_ASSERT_OK_AND_ASSIGN(const auto guests, store->Guests(2));
    ASSERT_EQ(guests.size(), 1u);
    EXPECT_LE(guests[0].boots.value, answered + round * kThreads);
    EXPECT_GE(guests[0].boots.value, answered);
  }
  RecordProperty("rounds", static_cast<int>(rounds));
  RecordProperty("answers", static_cast<int>(answered));
  std::printf("%llu kills, %zu answers, all of them rows\n",
              static_cast<unsigned long long>(rounds), answered);
}

}  // namespace
}  // namespace svsm::broker
