// svsm/kbs/secret_opener.h: what every client does with a broker's answer: see who sealed it, then
// open it, and see whether it is what was asked for.
//
//   SecretOpener opener(config, primitives);
//   SVSM_TRY(opener.Open({.nonce = nonce, .svsm_key = own, .report_digest = digest}, jwe,
//                        workspace));
//   UseRootKey(opener.root_key());
//
// Where the broker's signature is there, it is verified before anything is decrypted; where it is
// not, the policy says whether to go on. Client and ForwardClient have one of these each.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_KBS_SECRET_OPENER_H_
#define SVSM_KBS_SECRET_OPENER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/core/status.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/hmac.h"
#include "svsm/kbs/broker_policy.h"
#include "svsm/kbs/grant.h"
#include "svsm/kbs/jwe.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::kbs {

inline constexpr std::size_t kMaxSecretSize = kMaxGrantSize;
// Bytes that Open() works in.
inline constexpr std::size_t kOpenerWorkspaceSize = 4 * kMaxProtectedSize;

// What a broker encrypts.
enum class SecretForm : std::uint8_t {
  kGrant,  // svsm/kbs/grant.h: the root key is derived from it
  kRaw,    // the root key itself, as existing brokers keep it
};

// All are borrowed for the opener's life. `jwe.ecdh` holds the key of this boot.
struct OpenerPrimitives {
  JwePrimitives jwe;
  crypto::Hmac& hmac_sha256;
  const crypto::Hash& sha384;
  crypto::EcdsaVerifier& broker_verifier;
};

struct OpenerConfig {
  SecretForm form = SecretForm::kGrant;
  EpkPlace epk_place = EpkPlace::kProtected;
  BrokerPolicy policy = {};
  // The name of what was asked for; borrowed. Empty: it cannot be known, so any is taken.
  ByteView resource = {};
};

// What the SVSM sent, and the broker signed for.
struct SecretRequest {
  ByteView nonce;
  crypto::EcPointView svsm_key;
  FixedView<crypto::kSha384Size> report_digest;
  // The ephemeral key as a proxy spelled it beside the message. Where the protected header has one,
  // too, both must be the same, and the header's counts.
  std::optional<crypto::EcPointView> told_epk = {};
};

class SecretOpener final {
 public:
  SecretOpener(const OpenerConfig& config, const OpenerPrimitives& primitives)
      : config_(config), primitives_(primitives) {}
  SecretOpener(const SecretOpener&) = delete;
  SecretOpener& operator=(const SecretOpener&) = delete;

  // Errors: those of CheckPolicy() and OpenJwe(); kPermissionDenied (detail = a BrokerRefusal; 0:
  // the epk stands where it may not), kAuthFailed (signature or secret), kMalformed (also: epk and
  // told_epk differ; a grant says another boot or resource than the signature around it),
  // kOutOfRange (detail = kMaxSecretSize; a larger secret), kUnsupported (also: signed on another
  // curve than the verifier's), and those of DecodeSecretSignature(), DecodeGrant() and
  // VerifySecret(); kBufferTooSmall (detail = kOpenerWorkspaceSize). Nothing is held then.
  [[nodiscard]] Status Open(const SecretRequest& request, const JweMessage& jwe,
                            ByteSpan workspace);

  // All empty before Open() and after a failure.
  ByteView root_key() const {
    return has_grant_ ? ByteView(root_key_.view()) : ByteView(secret_.view()).first(secret_size_);
  }
  // With SecretForm::kGrant: what it says. Errors: kNotFound (there is none).
  [[nodiscard]] Status ReadGrant(Grant& grant) const;
  // The broker that signed, to be kept for this boot's evidence or remembered; none if unsigned.
  const std::optional<BrokerKey>& broker() const { return broker_; }
  // What the broker signed beside the secret. To be checked with CheckBootNumber() against the
  // opened state.
  std::optional<BootNumber> boot_number() const { return boot_number_; }

  // Forgets everything.
  void Wipe();

 private:
  Status OpenFrom(const SecretRequest& request, JweMessage jwe, ByteSpan workspace);
  Result<SecretSignature> Judge(const SecretRequest& request, const JweMessage& jwe,
                                const JweHeader& header, ByteSpan workspace);
  Status TakeGrant(const std::optional<SecretSignature>& signature);

  OpenerConfig config_;
  OpenerPrimitives primitives_;
  Secret<kMaxSecretSize> secret_;
  std::size_t secret_size_ = 0;
  Secret<kRootKeySize> root_key_;  // with kGrant; with kRaw it is secret_
  bool has_grant_ = false;
  std::optional<BrokerKey> broker_;
  std::optional<BootNumber> boot_number_;
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_SECRET_OPENER_H_
