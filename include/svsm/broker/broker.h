// svsm/broker/broker.h: the key broker: KBS protocol 0.4.0, from a request to its answer.
//
//   Broker broker(config, {store, challenges, roots, vceks, resources, secret_keys, token_keys,
//                          rng, clock, log});
//   const Response response = broker.Handle(request);        // from any number of threads
//
// It answers
//   POST /kbs/v0/auth              a nonce and a session
//   POST /kbs/v0/attest            judges SNP evidence by the policy: a token, or a refusal
//   GET  /kbs/v0/resource/R/T/G    the resource, encrypted to the attested key, and signed
//   GET  /healthz                  nothing, with 200
// and everything else with 404. What an administrator may do is not here.
//
// Bodies, statuses and types of errors are those of Trustee's broker. What differs, on purpose:
// - A report that the policy does not affirm gets neither token nor resource.
// - Keys are judged with the evidence: one that no secret could be encrypted to is refused then.
// - A nonce serves once. The same body again gets the same answer; any other is refused.
// - A resource is fetched under a name and a session once: who asks again gets the same bytes.
// - Under our own binding a resource of kbs::kKeySeedSize bytes becomes a grant (svsm/kbs/grant.h);
//   any other is no key, and is not given out.
// - A resource vm/ID/TAG is given to the guest of that id alone (VmId in lower-case hex).
// - Why somebody was refused stands in the log and in the store, never in the answer, which has an
//   id to ask by.
//
// Profile: hosted. Allocates: the heap. Threads: any, at once.
#ifndef SVSM_BROKER_BROKER_H_
#define SVSM_BROKER_BROKER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "svsm/broker/challenge.h"
#include "svsm/broker/http.h"
#include "svsm/broker/resources.h"
#include "svsm/broker/signing_key.h"
#include "svsm/broker/store.h"
#include "svsm/broker/token.h"
#include "svsm/broker/vcek_store.h"
#include "svsm/core/clock.h"
#include "svsm/core/log.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/rng.h"
#include "svsm/snp_verify/policy.h"
#include "svsm/snp_verify/roots.h"

namespace svsm::broker {

// Bytes of a body; larger ones are answered with 413.
inline constexpr std::size_t kMaxBodySize = 65536;

struct BrokerConfig {
  // What a report must say. Its REPORT_DATA is the broker's own business.
  snp::Policy policy;
  // Which bindings count (svsm/kbs/binding.h).
  bool own_binding = true;
  bool proxy_binding = true;
  bool trustee_binding = true;
  // Whether secrets for the compatible bindings are signed, too. Those for our own always are.
  bool sign_compatible = true;
  BootRule boot_rule = BootRule::kOpen;
  // How long a token and its session give resources.
  std::int64_t session_seconds = 300;
  EarSpelling spelling = EarSpelling::kDotted;
  std::string issuer = "svsm-kbs";
  std::string policy_id = "default";
};

// All outlive the broker and are as thread-safe as it, but `rng`, which is for its use alone.
// `token_keys` is on P-256, `secret_keys` on P-256 or P-384.
// `make_p384` makes verifiers of reports on P-384, one for each thread that judges at one time;
// without it, they are OpenSSL's.
struct BrokerParts {
  Store& store;
  ChallengeSource& challenges;
  const snp::TrustStore& roots;
  const VcekStore& vceks;
  const Resources& resources;
  const KeyRing& secret_keys;
  const KeyRing& token_keys;
  crypto::Rng& rng;
  const Clock& clock;
  LogSink& log;
  std::function<std::shared_ptr<crypto::EcdsaVerifier>()> make_p384 = {};
};

class Broker final {
 public:
  Broker(const BrokerConfig& config, const BrokerParts& parts);
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker();

  // Answers. Whatever goes wrong is an answer, too.
  Response Handle(const Request& request);

  // Another policy from now on; requests under way keep theirs.
  void SetPolicy(const snp::Policy& policy, const std::string& policy_id);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_BROKER_H_
