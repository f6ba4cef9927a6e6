// svsm/kbs/client.h: the SVSM's side of early attestation: from a connection to a secret.
//
//   Client client(config, primitives, attester, workspace);
//   ByteView in;
//   for (;;) {
//     SVSM_ASSIGN_OR_RETURN(const Client::Step step, client.Advance(in));
//     in = {};
//     if (step.kind == Client::Step::Kind::kDone) break;
//     if (step.kind == Client::Step::Kind::kSend) SVSM_TRY(stream.WriteAll(step.send));
//     if (step.kind == Client::Step::Kind::kNeed) {
//       SVSM_TRY(ReadExactly(stream, buffer.first(step.need)));
//       in = buffer.first(step.need);
//     }
//   }
//   UseKey(client.secret());
//
// It negotiates, has a report made that binds its own key, sends it, and opens the answer. Where
// the broker's signature is there, it is verified before anything is decrypted.
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
#include "svsm/core/secret.h"
#include "svsm/kbs/binding.h"
#include "svsm/kbs/jwe.h"
#include "svsm/kbs/proxy_protocol.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::kbs {

inline constexpr std::size_t kMaxSecretSize = 256;
// Bytes that a client works in.
inline constexpr std::size_t kClientWorkspaceSize = 2 * kMaxFrameBodySize;

// Which broker may give the key.
enum class BrokerTrust : std::uint8_t {
  kPinned,      // the one whose key is in measured memory
  kRemembered,  // the one of the first use; without a key, this is the first use
  kAny,         // any, whose key is then known for this boot
};
enum class UnsignedSecret : std::uint8_t { kRefuse, kAccept };

// A broker's public key on P-256 or P-384.
struct BrokerKey {
  crypto::Curve curve = crypto::Curve::kP384;
  Bytes<48> x{};
  Bytes<48> y{};
  friend bool operator==(const BrokerKey&, const BrokerKey&) = default;
};

struct ClientConfig {
  BindingMode binding = BindingMode::kOwn;
  ByteView boot_context = {};  // borrowed for the client's life
  EpkPlace epk_place = EpkPlace::kProtected;
  BrokerTrust trust = BrokerTrust::kPinned;
  std::optional<BrokerKey> broker = {};  // kPinned needs one
  UnsignedSecret without_signature = UnsignedSecret::kRefuse;
};

// `jwe.ecdh` is on P-521 and holds the key of this boot. `binding_hash` is the one that the binding
// mode takes. All are borrowed for the client's life.
struct ClientPrimitives {
  JwePrimitives jwe;
  const crypto::Hash& binding_hash;
  const crypto::Hash& sha384;
  crypto::EcdsaVerifier& broker_verifier;
};

class Client final {
 public:
  struct Step {
    enum class Kind : std::uint8_t { kNeed, kSend, kDone };
    Kind kind = Kind::kDone;
    std::size_t need = 0;  // bytes that the next Advance() takes
    ByteView send = {};    // a view of the workspace, until the next Advance()
  };

  // Borrows `workspace`, of kClientWorkspaceSize bytes, for the client's life.
  Client(const ClientConfig& config, const ClientPrimitives& primitives, Attester& attester,
         ByteSpan workspace);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Goes one step on. `in` has exactly the bytes that the step before needed; it is empty at first
  // and after kSend. A failure is final. Errors: kInvalidArgument (sizes of `in` or of the
  // workspace, a pinned policy without key, another curve), kFailedPrecondition (after the end or a
  // failure), kPermissionDenied (detail = 1: the broker refused; 2: the secret is not signed; 3:
  // signed by another broker than the policy's), kAuthFailed (signature or secret), kMalformed
  // (also: an answer without its parts, an ephemeral key that differs from the signed one),
  // kOutOfRange (also: detail = kMaxSecretSize, a larger secret), and those of
  // FrameBodySize(), the decoders, CheckBindingParams(), BindingReportData(), Attester::Attest()
  // and OpenJwe(). kBusy of the attester is final, too. No secret is held then.
  [[nodiscard]] Result<Step> Advance(ByteView in);

  // After kDone; empty before.
  ByteView secret() const { return secret_.view().first(secret_size_); }
  // The broker that signed, to be kept for this boot's evidence or remembered; none if unsigned.
  const std::optional<BrokerKey>& broker() const { return broker_; }
  // What the broker signed beside the secret. To be checked with CheckBootNumber() against the
  // opened state.
  std::optional<BootNumber> boot_number() const { return boot_number_; }

 private:
  enum class State : std::uint8_t {
    kStart,
    kNegotiated,       // request sent
    kChallengeHeader,  // its header is awaited
    kChallenge,
    kAttested,
    kAnswerHeader,
    kAnswer,
    kDone,
    kFailed,
  };

  Result<Step> Dispatch(ByteView in);
  Result<Step> Start();
  Result<Step> NeedBody(ByteView header, State next);
  Result<Step> Attest(ByteView body);
  Result<Step> Open(ByteView body);
  Result<JweMessage> MessageOf(const AttestationResponse& answer, const JweHeader& header);
  Status CheckBroker(const JweHeader& header, const JweMessage& jwe, crypto::EcPointView epk,
                     ByteSpan workspace);
  Status CheckPolicy(const BrokerKey& key) const;
  void Forget();

  ClientConfig config_;
  ClientPrimitives primitives_;
  Attester& attester_;
  ByteSpan workspace_;
  State state_ = State::kStart;
  std::size_t needed_ = 0;
  Bytes<kMaxChallengeSize> nonce_{};
  std::size_t nonce_size_ = 0;
  Bytes<kProxyCoordinateSize> x_{};
  Bytes<kProxyCoordinateSize> y_{};
  Bytes<crypto::kSha384Size> report_digest_{};
  Secret<kMaxSecretSize> secret_;
  std::size_t secret_size_ = 0;
  std::optional<BrokerKey> broker_;
  std::optional<BootNumber> boot_number_;
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_CLIENT_H_
