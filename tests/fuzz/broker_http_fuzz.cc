// Requests to the key broker, with sessions whose nonce is known, so that evidence is judged. An
// input is five parts with zero bytes between them: method, path, cookie, authorization, body.
// Nothing that comes so may get a token, or a resource.
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "svsm/broker/broker.h"
#include "svsm/broker/sqlite_store.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/rng.h"

using namespace svsm;          // NOLINT(google-build-using-namespace)
using namespace svsm::broker;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::int64_t kNow = 1795305088;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Every session has the nonce of 32 zero bytes, and is another one at each request.
class KnownChallenges final : public ChallengeSource {
 public:
  Result<Challenge> Issue(Tee tee, std::int64_t now) override {
    SVSM_ASSIGN_OR_RETURN(Challenge challenge, Find({}, now));
    challenge.tee = tee;
    return challenge;
  }
  Result<Challenge> Find(const SessionId& session, std::int64_t) override {
    Challenge challenge;
    ++count_;
    for (std::size_t i = 0; i < 8; ++i) {
      challenge.session[i] = static_cast<std::uint8_t>(count_ >> (8 * i));
    }
    challenge.tee = (session[15] & 1) != 0 ? Tee::kSample : Tee::kSnp;
    return challenge;
  }

 private:
  std::uint64_t count_ = 0;
};

class OneResource final : public Resources {
 public:
  Result<ByteVector> Get(std::string_view name) const override {
    Require(IsResourceName(name));
    return ByteVector(32, 7);
  }
  Status Put(std::string_view, ByteView) override { std::abort(); }
  Status Remove(std::string_view) override { std::abort(); }
  Result<std::vector<std::string>> List() const override { std::abort(); }
};

// Whatever may fail here is this program's fault.
template <typename T>
T Take(Result<T> result) {
  Require(result.ok());
  return *std::move(result);
}

struct World {
  World() {
    char folder[] = "/tmp/broker_http_fuzz.XXXXXX";
    Require(mkdtemp(folder) != nullptr);
    const std::string at = folder;
    secret_keys = Take(KeyRing::Open(at + "/secret", crypto::Curve::kP384, rng, clock));
    token_keys = Take(KeyRing::Open(at + "/token", crypto::Curve::kP256, rng, clock));
    Require(unlink((at + "/secret").c_str()) == 0 && unlink((at + "/token").c_str()) == 0);
    static_cast<void>(rmdir(folder));
    broker = std::make_unique<Broker>(
        BrokerConfig(), BrokerParts{*store, challenges, roots, vceks, resources, *secret_keys,
                                    *token_keys, rng, clock, log});
  }

  testing::FakeRng rng;
  testing::ManualClock clock{kNow};
  NullLog log;
  KnownChallenges challenges;
  OneResource resources;
  NoVcekStore vceks;
  snp::TrustStore roots = Take(snp::TrustStore::Amd());
  std::unique_ptr<SqliteStore> store = Take(SqliteStore::Open(":memory:", rng));
  std::unique_ptr<KeyRing> secret_keys;
  std::unique_ptr<KeyRing> token_keys;
  std::unique_ptr<Broker> broker;
};

std::string_view NextPart(std::string_view& rest) {
  const std::size_t end = rest.find('\0');
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

Method MethodOf(std::string_view name) {
  if (name == "GET") return Method::kGet;
  if (name == "POST") return Method::kPost;
  if (name == "PUT") return Method::kPut;
  if (name == "DELETE") return Method::kDelete;
  return Method::kOther;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* const world = new World;
  world->clock.unix_seconds += 1;
  std::string_view rest(static_cast<const char*>(static_cast<const void*>(data)), size);
  Request request;
  request.method = MethodOf(NextPart(rest));
  request.path = NextPart(rest);
  request.cookie = NextPart(rest);
  request.authorization = NextPart(rest);
  request.body = AsBytes(rest);
  const Response response = world->broker->Handle(request);
  const bool free = request.path == "/kbs/v0/auth" || request.path == "/healthz";
  Require(response.status == 401 || response.status == 404 || response.status == 413 ||
          (response.status == 200 && free));
  return 0;
}
