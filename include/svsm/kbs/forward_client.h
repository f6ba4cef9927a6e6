// svsm/kbs/forward_client.h: the SVSM's side of early attestation where the proxy only forwards:
// the SVSM itself speaks the key broker protocol.
//
//   ForwardClient client(config, primitives, attester, workspace);
//   SVSM_TRY(RunClient(client, stream, buffer));                    // svsm/kbs/client_step.h
//   UseRootKey(client.root_key());
//   Keep(client.token());
//
// auth gives a nonce; attest sends the key and a report that binds both; a resource is the secret,
// opened as svsm/kbs/secret_opener.h says. The proxy is trusted with nothing: it sees what the
// broker sees, and cannot change what was signed. Evidence is spelled as Trustee's brokers take it.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_KBS_FORWARD_CLIENT_H_
#define SVSM_KBS_FORWARD_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/attester.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/kbs/binding.h"
#include "svsm/kbs/broker_policy.h"
#include "svsm/kbs/client_step.h"
#include "svsm/kbs/forward_protocol.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs/proxy_refusal.h"
#include "svsm/kbs/secret_opener.h"

namespace svsm::kbs {

// Bytes that a client works in.
inline constexpr std::size_t kForwardWorkspaceSize =
    kMaxTokenSize + 2 * (kMaxFrameBodySize / 4 * 3) + kOpenerWorkspaceSize;

struct ForwardConfig {
  // kOwn, whose secret is a grant, or kTrustee, whose secret is the root key.
  BindingMode binding = BindingMode::kOwn;
  // With kOwn; the broker gets it in base64 as additional evidence. Borrowed for the client's life.
  ByteView boot_context = {};
  EpkPlace epk_place = EpkPlace::kProtected;
  BrokerPolicy policy = {};
  // The secret's name, as ParseResourceName() takes it. Borrowed.
  ByteView resource = {};
};

// `jwe.ecdh` is on P-521 or P-256 and holds the key of this boot. All are borrowed for the client's
// life.
struct ForwardPrimitives {
  JwePrimitives jwe;
  const crypto::Hash& sha384;
  crypto::Hmac& hmac_sha256;
  crypto::EcdsaVerifier& broker_verifier;
};

class ForwardClient final {
 public:
  using Step = ClientStep;

  // Borrows `workspace`, of kForwardWorkspaceSize bytes, for the client's life.
  ForwardClient(const ForwardConfig& config, const ForwardPrimitives& primitives,
                Attester& attester, ByteSpan workspace);
  ForwardClient(const ForwardClient&) = delete;
  ForwardClient& operator=(const ForwardClient&) = delete;

  // Goes one step on. `in` has exactly the bytes that the step before needed; it is empty at first
  // and after kSend. A failure is final. Errors: kInvalidArgument (sizes of `in` or of the
  // workspace, a policy that cannot be met, another curve, mode or resource), kFailedPrecondition
  // (after the end or a failure), kPermissionDenied (detail = a BrokerRefusal; after kRefused see
  // refusal(), after kProxy proxy_refusal()), kUnavailable (detail = a ForwardFailure: the proxy
  // has no answer), kInternal (the attester gave a report of another size than kSnpReportSize),
  // and those of FrameBodySize(), the decoders, EncodeSnpEvidence(), BindingReportData(),
  // Attester::Attest() and SecretOpener::Open(). kBusy of the attester is final, too. No key is
  // held then.
  [[nodiscard]] Result<Step> Advance(ByteView in);

  // After kDone; empty before. See SecretOpener.
  ByteView root_key() const { return opener_.root_key(); }
  [[nodiscard]] Status ReadGrant(Grant& grant) const { return opener_.ReadGrant(grant); }
  const std::optional<BrokerKey>& broker() const { return opener_.broker(); }
  std::optional<BootNumber> boot_number() const { return opener_.boot_number(); }

  // The broker's token about this boot, as it came: for the guest to keep. A view of the workspace;
  // empty until attest succeeded.
  ByteView token() const { return workspace_.first(token_size_); }
  // What the broker said when it refused; kOther if it said nothing that can be read.
  KbsError refusal() const { return refusal_; }
  // After kPermissionDenied with BrokerRefusal::kProxy: what the proxy says, for people.
  const std::optional<ProxyRefusal>& proxy_refusal() const { return proxy_refusal_; }

 private:
  enum class State : std::uint8_t { kStart, kAuth, kAttest, kResource, kDone, kFailed };

  Result<Step> Dispatch(ByteView in);
  Status CheckConfig() const;
  Result<Step> Start();
  Result<ByteView> BodyOf(ByteView in);
  Result<Step> Attest(ByteView body);
  Result<ByteView> Report(ByteSpan out);
  Result<Step> Ask(ByteView body);
  Result<Step> Open(ByteView body);
  Result<Step> Send(const ForwardRequest& request, ByteSpan out, State next);

  ByteSpan decoded() const;
  ByteSpan rest() const;
  EcJwk key() const;

  ForwardConfig config_;
  ForwardPrimitives primitives_;
  Attester& attester_;
  ByteSpan workspace_;
  SecretOpener opener_;
  FrameReceiver receiver_;
  State state_ = State::kStart;
  KbsError refusal_ = KbsError::kOther;
  std::optional<ProxyRefusal> proxy_refusal_;
  std::size_t token_size_ = 0;
  Bytes<kMaxNonceSize> nonce_{};
  std::size_t nonce_size_ = 0;
  Bytes<crypto::kMaxCoordinateSize> x_{};
  Bytes<crypto::kMaxCoordinateSize> y_{};
  Bytes<crypto::kSha384Size> report_digest_{};
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_FORWARD_CLIENT_H_
