// svsm/broker/signing_key.h: the broker's static keys: made on first start, kept in one file, and
// replaced with an overlap in which the old key still counts.
//
//   SVSM_ASSIGN_OR_RETURN(const auto ring,
//       KeyRing::Open("/var/lib/svsm-kbs/secret.jwks", crypto::Curve::kP384, rng, clock));
//   const std::shared_ptr<const SigningKey> key = ring->active();
//   SVSM_ASSIGN_OR_RETURN(const SignatureBytes signature, key->Sign(digest));
//
// The file is a JWK Set (RFC 7517) of private keys with two members of our own: `created` and
// `expires`, seconds since 1970, 0 for never. Its mode is 0600, and it is replaced atomically.
//
// Profile: hosted. Allocates: the heap. Threads: any, at once.
// Spec: RFC 7517, RFC 7518 6.2, RFC 7638.
#ifndef SVSM_BROKER_SIGNING_KEY_H_
#define SVSM_BROKER_SIGNING_KEY_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/clock.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/core/status.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/rng.h"
#include "svsm/kbs/jwe.h"

namespace svsm::crypto {
class OpensslEcdsaSigner;
}

namespace svsm::broker {

// A key's coordinates, each of CoordinateSize(curve) bytes.
struct PublicKey {
  crypto::Curve curve = crypto::Curve::kP256;
  ByteVector x;
  ByteVector y;

  // Views of this object.
  kbs::EcJwk jwk() const { return {curve, {x, y}}; }
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

// The key's JWK thumbprint (RFC 7638 with SHA-256) in base64url: 43 characters. Empty for a curve
// that JWKs here do not name.
std::string KeyId(const PublicKey& key);

struct SignatureBytes {  // of CoordinateSize() bytes each
  ByteVector r;
  ByteVector s;
};

// One private key. It is wiped with the object.
class SigningKey final {
 public:
  // Takes a scalar of CoordinateSize(curve) bytes. Errors: kUnsupported (another curve than P-256
  // and P-384), kInvalidArgument (size), kMalformed (0 or not below the curve's order).
  static Result<std::shared_ptr<const SigningKey>> FromScalar(crypto::Curve curve, ByteView scalar);
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  ~SigningKey();

  const PublicKey& public_key() const { return public_key_; }
  // KeyId() of public_key().
  const std::string& id() const { return id_; }
  // Signs a digest of 32, 48 or 64 bytes. Errors: kInvalidArgument (size).
  Result<SignatureBytes> Sign(ByteView digest) const;

 private:
  friend class KeyRing;
  using Signer = std::unique_ptr<crypto::OpensslEcdsaSigner>;
  SigningKey() = default;
  Result<Signer> TakeSigner() const;

  PublicKey public_key_;
  std::string id_;
  Secret<crypto::kMaxCoordinateSize> scalar_;
  mutable std::mutex mutex_;
  mutable std::vector<Signer> idle_;  // a signer serves one thread at a time
};

// Keys that a ring holds at most; Rotate() needs a place.
inline constexpr std::size_t kMaxRingKeys = 8;

class KeyRing final {
 public:
  // Reads the file; without one, makes a key on `curve` and writes it. Of several processes that
  // start at once, one makes the key and all use it. `clock` must outlive the ring; `rng` is used
  // for the call. Errors: kUnsupported (curve), kPermissionDenied (the file is open to others than
  // its owner, detail = its mode; or the system refuses), kDataLoss (not a ring: form, a public key
  // that is not the private one's, no key that counts), kIoError (detail = errno), kNotFound (the
  // folder), and those of Rng::Generate().
  static Result<std::unique_ptr<KeyRing>> Open(const std::string& path, crypto::Curve curve,
                                               crypto::Rng& rng, const Clock& clock);
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // The key that signs now: the newest.
  std::shared_ptr<const SigningKey> active() const;
  // The key of that id, if it still counts; otherwise nullptr.
  std::shared_ptr<const SigningKey> Find(std::string_view id) const;
  // All keys that still count, the newest first.
  std::vector<std::shared_ptr<const SigningKey>> Keys() const;
  // Their public halves.
  std::vector<PublicKey> PublicKeys() const;
  // The same as a JWK Set, for verifiers.
  std::string PublicJwkSet() const;

  // Makes a new key, on the active one's curve, which signs from now on. The one before it counts
  // for another `overlap_seconds`, and still signs for those who ask for it by id. Keys whose time
  // is over leave the file. Errors: kExhausted (kMaxRingKeys still count), kInvalidArgument
  // (negative), kPermissionDenied, kIoError (detail = errno), kNotFound (the folder), and those of
  // Rng::Generate(); the ring is as before then, the file as before or as after.
  Status Rotate(std::int64_t overlap_seconds, crypto::Rng& rng);

 private:
  struct Entry {
    std::shared_ptr<const SigningKey> key;
    std::int64_t created = 0;
    std::int64_t expires = 0;  // 0: never
  };
  using Entries = std::vector<Entry>;  // the newest last

  KeyRing(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}
  static Result<std::string> Write(const Entries& entries);
  static Result<Entries> Parse(ByteView text);
  Status Load(ByteView text);
  Status Create(crypto::Curve curve, crypto::Rng& rng);
  bool Counts(const Entry& entry) const;

  std::string path_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  Entries entries_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_SIGNING_KEY_H_
