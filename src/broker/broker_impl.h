// broker/broker_impl.h: the request handler, by message.
#ifndef SVSM_BROKER_BROKER_IMPL_H_
#define SVSM_BROKER_BROKER_IMPL_H_

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base64_text.h"
#include "broker/locked_rng.h"
#include "broker/pool.h"
#include "svsm/broker/broker.h"
#include "svsm/broker/snp_judge.h"
#include "svsm/kbs/messages.h"

namespace svsm::broker {

// An error in Trustee's form.
Response ErrorResponse(kbs::KbsError error, std::string_view detail, int status = 401);
Response JsonResponse(std::string body);

class Broker::Impl {
 public:
  Impl(const BrokerConfig& config, const BrokerParts& parts);

  Response Handle(const Request& request);
  void SetPolicy(const snp::Policy& policy, const std::string& policy_id);

 private:
  struct NamedPolicy {
    snp::Policy policy;
    std::string id;
  };
  // A body whose nonce is this session's: from here on, the nonce is spent.
  struct Asked {
    Challenge challenge;
    ByteVector workspace;
    kbs::Attestation attestation;
    Bytes<48> digest{};
  };

  Response Auth(const Request& request);

  Response Attest(const Request& request);
  Result<Asked> Understand(const Request& request, std::int64_t now);
  Status Judge(const Asked& asked, std::int64_t now, Verdict& verdict);
  Status JudgeSnp(const Asked& asked, std::int64_t now, Verdict& verdict);
  std::vector<ExpectedBinding> Bindings(const Asked& asked, const TeeKey& key) const;
  Result<std::string> Token(const Asked& asked, const JudgedEvidence& judged,
                            const std::string& policy_id, std::int64_t now);
  Response Recorded(const Asked& asked, const Verdict& verdict);
  Response Again(const Session& session, const Bytes<48>& digest, std::string_view peer);
  Response Admitted(const Session& session);

  Response GetResource(const Request& request, std::string_view name);
  Result<Session> SessionOf(const Request& request, std::int64_t now);
  Result<ByteVector> Plaintext(const Session& session, std::string_view name);
  Result<ByteVector> NewReply(const Session& session, std::string_view name);

  // Writes the cause to the log, and answers without it. With no `id`, draws one.
  Response Refuse(kbs::KbsError error, const char* detail, const std::string& cause, Status status,
                  std::string_view peer, std::string id = {});
  Response Unavailable(kbs::KbsError error, const char* detail, const char* doing, Status status,
                       std::string_view peer);
  std::string NewErrorId();
  std::shared_ptr<const NamedPolicy> policy() const;
  bool IsOver(const Session& session, std::int64_t now) const;
  void PruneNowAndThen(std::int64_t now);

  const BrokerConfig config_;
  const BrokerParts parts_;
  LockedRng rng_;
  Pool<SnpJudge> judges_;
  mutable std::mutex policy_mutex_;
  std::shared_ptr<const NamedPolicy> policy_;
  std::atomic<std::int64_t> pruned_at_ = 0;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_BROKER_IMPL_H_
