// A broker and all that it needs, in one process and without files but its keys.
#ifndef TESTS_BROKER_BROKER_FIXTURE_H_
#define TESTS_BROKER_BROKER_FIXTURE_H_

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "svsm/broker/broker.h"
#include "svsm/broker/sqlite_store.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"
#include "tests/broker/memory_resources.h"

namespace svsm::broker {

class ListLog final : public LogSink {
 public:
  void Write(LogLevel, const char* text, Status) override {
    const std::lock_guard guard(mutex_);
    lines.emplace_back(text);
  }
  std::vector<std::string> lines;

 private:
  std::mutex mutex_;
};

class BrokerFixture {
 public:
  // `roots` and `challenges` outlive it; without challenges, it has its own.
  BrokerFixture(const BrokerConfig& config, const snp::TrustStore& roots, const VcekStore& vceks,
                std::int64_t now, ChallengeSource* challenges = nullptr,
                const std::string& database = ":memory:")
      : clock(now) {
    auto opened = SqliteStore::Open(database, rng);
    EXPECT_THAT(opened, testing::IsOk());
    store = *std::move(opened);
    own_challenges = std::make_unique<MacChallenges>(store->challenge_key(), challenge_rng);
    secret_keys = Ring("secret.jwks", crypto::Curve::kP384);
    token_keys = Ring("token.jwks", crypto::Curve::kP256);
    broker = std::make_unique<Broker>(
        config, BrokerParts{*store, challenges != nullptr ? *challenges : *own_challenges, roots,
                            vceks, resources, *secret_keys, *token_keys, rng, clock, log});
  }

  testing::FakeRng rng;
  testing::FakeRng challenge_rng{2};
  testing::ManualClock clock;
  ListLog log;
  MemoryResources resources;
  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<MacChallenges> own_challenges;
  std::unique_ptr<KeyRing> secret_keys;
  std::unique_ptr<KeyRing> token_keys;
  std::unique_ptr<Broker> broker;

 private:
  std::unique_ptr<KeyRing> Ring(const char* name, crypto::Curve curve) {
    const std::string path = ::testing::TempDir() + name;
    std::remove(path.c_str());
    auto ring = KeyRing::Open(path, curve, rng, clock);
    EXPECT_THAT(ring, testing::IsOk());
    return *std::move(ring);
  }
};

}  // namespace svsm::broker

#endif  // TESTS_BROKER_BROKER_FIXTURE_H_
