// svsm/kbs/client.h: the SVSM's side of early attestation through an attestation proxy of protocol
// 0.1.0: from a connection to a root key.
//
//   Client client(config, primitives, attester, workspace);
//   SVSM_TRY(RunClient(client, stream, buffer));                    // svsm/kbs/client_step.h
//   UseRootKey(client.root_key());
//
// It negotiates, has a report made that binds its own key, sends it, and opens the answer. Where
// the broker's signature is there, it is verified before anything is decrypted. In our own binding
// mode the secret is a grant, of which the root key is derived; in compatible ones it is the root
// key itself.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_KBS_CLIENT_H_
#define SVSM_KBS_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/attester.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/kbs/binding.h"
#include "svsm/kbs/broker_policy.h"
#include "svsm/kbs/client_step.h"
#include "svsm/kbs/proxy_protocol.h"
#include "svsm/kbs/proxy_refusal.h"
#include "svsm/kbs/secret_opener.h"

namespace svsm::kbs {

// Bytes that a client works in.
inline constexpr std::size_t kClientWorkspaceSize = kMaxFrameBodySize + kOpenerWorkspaceSize;

struct ClientConfig {
  BindingMode binding = BindingMode::kOwn;
  ByteView boot_context = {};  // borrowed for the client's life
  EpkPlace epk_place = EpkPlace::kProtected;
  BrokerPolicy policy = {};
  // What the proxy fetches, if that is known; borrowed. Empty: any.
  ByteView resource = {};
};

// `jwe.ecdh` is on P-521 and holds the key of this boot. `binding_hash` is the one that the binding
// mode takes. All are borrowed for the client's life.
struct ClientPrimitives {
  JwePrimitives jwe;
  const crypto::Hash& binding_hash;
  const crypto::Hash& sha384;
  crypto::Hmac& hmac_sha256;
  crypto::EcdsaVerifier& broker_verifier;
};

class Client final {
 public:
  using Step = ClientStep;

  // Borrows `workspace`, of kClientWorkspaceSize bytes, for the client's life.
  Client(const ClientConfig& config, const ClientPrimitives& primitives, Attester& attester,
         ByteSpan workspace);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Goes one step on. `in` has exactly the bytes that the step before needed; it is empty at first
  // and after kSend. A failure is final. Errors: kInvalidArgument (sizes of `in` or of the
  // workspace, a policy that cannot be met, another curve), kFailedPrecondition (after the end or a
  // failure), kPermissionDenied (detail = a BrokerRefusal), kMalformed (also: an answer without its
  // parts), and those of FrameBodySize(), the decoders, CheckBindingParams(), BindingReportData(),
  // Attester::Attest() and SecretOpener::Open(). kBusy of the attester is final, too. No key is
  // held then.
  [[nodiscard]] Result<Step> Advance(ByteView in);

  // After kDone; empty before. See SecretOpener.
  ByteView root_key() const { return opener_.root_key(); }
  [[nodiscard]] Status ReadGrant(Grant& grant) const { return opener_.ReadGrant(grant); }
  const std::optional<BrokerKey>& broker() const { return opener_.broker(); }
  std::optional<BootNumber> boot_number() const { return opener_.boot_number(); }
  // After kPermissionDenied with BrokerRefusal::kProxy: what the proxy says, for people.
  const std::optional<ProxyRefusal>& proxy_refusal() const { return proxy_refusal_; }

 private:
  enum class State : std::uint8_t { kStart, kNegotiated, kAttested, kDone, kFailed };

  Result<Step> Dispatch(ByteView in);
  Result<Step> Start();
  Result<Step> Attest(ByteView body);
  Result<Step> Open(ByteView body);
  Status RefusedBy(ByteView body, Status otherwise);

  ClientConfig config_;
  ClientPrimitives primitives_;
  Attester& attester_;
  ByteSpan workspace_;
  SecretOpener opener_;
  FrameReceiver receiver_;
  State state_ = State::kStart;
  Bytes<kMaxChallengeSize> nonce_{};
  std::size_t nonce_size_ = 0;
  Bytes<kProxyCoordinateSize> x_{};
  Bytes<kProxyCoordinateSize> y_{};
  Bytes<crypto::kSha384Size> report_digest_{};
  std::optional<ProxyRefusal> proxy_refusal_;
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_CLIENT_H_
