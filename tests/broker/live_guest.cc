#include "tests/broker/live_guest.h"

#include <mutex>
#include <utility>

#include "svsm/kbs/jwe.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs/snp_evidence.h"
#include "svsm/snp/report_layout.h"
#include "tests/snp_verify/forge.h"

namespace svsm::testing {
namespace {

namespace forge = snp::forge;
constexpr snp::Product kProduct = snp::Product::kMilan;
constexpr std::size_t kRoom = 32768;

ByteVector MakeAt(forge::CertificateSpec spec, std::int64_t now) {
  spec.not_before = now - forge::kYear;
  spec.not_after = now + forge::kYear;
  return forge::Make(spec);
}

// The forge makes keys when it first needs one, in one thread.
const ByteVector& Vcek(std::int64_t now) {
  static std::mutex mutex;
  static ByteVector der;
  const std::lock_guard guard(mutex);
  if (der.empty()) {
    der = MakeAt(forge::Vcek(kProduct, forge::Tcb(kProduct), forge::Hwid(kProduct)), now);
  }
  return der;
}

std::string Text(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

}  // namespace

std::string ForgedRoots(std::int64_t now_unix) {
  return forge::Pem("CERTIFICATE", MakeAt(forge::Ask(kProduct), now_unix)) +
         forge::Pem("CERTIFICATE", MakeAt(forge::Ark(kProduct), now_unix));
}

ByteVector ForgedVcek(std::int64_t now_unix) { return Vcek(now_unix); }

std::string ForgedHwid() { return ToHex(forge::Hwid(kProduct)); }

std::string ForgedMeasurement() { return ToHex(forge::Body(kProduct).measurement); }

LiveGuest::LiveGuest(crypto::Curve curve, crypto::Rng& rng, std::uint8_t host_data,
                     std::int64_t now_unix)
    : ecdh_(curve), now_(now_unix) {
  host_data_.fill(host_data);
  const std::size_t size = crypto::CoordinateSize(curve);
  ByteVector scalar(size);
  x_.resize(size);
  y_.resize(size);
  if (!ecdh_.GenerateKey(rng, scalar).ok() || !ecdh_.PublicKey(x_, y_).ok()) x_.clear();
  (void)Vcek(now_unix);
}

void LiveGuest::SetHostData(FixedView<32> host_data) { Copy(host_data_, host_data); }

std::string LiveGuest::AuthBody() {
  ByteVector out(256);
  const Result<ByteView> body = kbs::EncodeAuthRequest(out);
  return body.ok() ? Text(*body) : std::string();
}

Result<evidence::ReportData> LiveGuest::Bind(const kbs::Challenge& challenge,
                                             kbs::BindingMode mode) {
  Bytes<kbs::kMaxNonceSize> room{};
  SVSM_ASSIGN_OR_RETURN(const ByteView nonce, kbs::DecodeNonce(challenge.nonce, room));
  nonce_ = ToVector(nonce);
  const crypto::OpensslHash hash(mode == kbs::BindingMode::kProxyCompatible
                                     ? crypto::HashAlg::kSha512
                                     : crypto::HashAlg::kSha384);
  return kbs::BindingReportData(mode, hash, {.key = {x_, y_}, .nonce = nonce_});
}

Result<std::string> LiveGuest::Body(const kbs::Challenge& challenge, ByteView primary_evidence) {
  Bytes<kbs::kTeeKeyTextSize> texts{};
  kbs::Attestation attestation;
  attestation.nonce = challenge.nonce;
  SVSM_ASSIGN_OR_RETURN(attestation.key, kbs::TeeKeyOf({ecdh_.curve(), {x_, y_}}, texts));
  attestation.primary_evidence = primary_evidence;
  ByteVector out(kRoom);
  SVSM_ASSIGN_OR_RETURN(const ByteView text, kbs::EncodeAttestation(attestation, out));
  return Text(text);
}

ByteVector LiveGuest::Report(FixedView<64> data) const {
  snp::ReportBody body = forge::Body(kProduct);
  Copy(body.report_data, data);
  Copy(body.host_data, host_data_);
  body.vmpl = vmpl_;
  return forge::Sign(body);
}

Result<std::string> LiveGuest::AttestBody(const std::string& challenge, kbs::BindingMode mode) {
  SVSM_ASSIGN_OR_RETURN(const kbs::Challenge asked, kbs::DecodeChallenge(AsBytes(challenge)));
  SVSM_ASSIGN_OR_RETURN(const evidence::ReportData data, Bind(asked, mode));
  const ByteVector report = Report(data);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  SVSM_TRY(sha384.Digest(ByteView(report), report_digest_));
  kbs::SnpEvidence evidence{.report = report};
  evidence.certificates[0].data = Vcek(now_);
  evidence.num_certificates = 1;
  ByteVector json(kRoom);
  SVSM_ASSIGN_OR_RETURN(const ByteView primary, kbs::EncodeSnpEvidence(evidence, json));
  return Body(asked, primary);
}

Result<std::string> LiveGuest::SampleBody(const std::string& challenge) {
  SVSM_ASSIGN_OR_RETURN(const kbs::Challenge asked, kbs::DecodeChallenge(AsBytes(challenge)));
  SVSM_ASSIGN_OR_RETURN(const evidence::ReportData data, Bind(asked, kbs::BindingMode::kTrustee));
  // Its verifier compares the digest alone, without the zeros after it.
  ByteVector text(64);
  SVSM_ASSIGN_OR_RETURN(const ByteView encoded,
                        kbs::EncodeBase64(kbs::Base64::kStandard, ByteView(data).first(48), text));
  const std::string primary = R"({"svn":"1","report_data":")" + Text(encoded) + "\"}";
  return Body(asked, AsBytes(primary));
}

Result<LiveGuest::Opened> LiveGuest::Open(const std::string& jwe) {
  ByteVector workspace(kRoom);
  SVSM_ASSIGN_OR_RETURN(const kbs::JweMessage message, kbs::DecodeJwe(AsBytes(jwe), workspace));
  crypto::OpensslBlockCipher aes;
  crypto::OpensslAesGcm aead;
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  ByteVector more(2 * kRoom);
  ByteVector plaintext(kRoom);
  SVSM_ASSIGN_OR_RETURN(const ByteView opened,
                        kbs::OpenJwe({ecdh_, aes, aead, sha256}, message, kbs::EpkPlace::kProtected,
                                     more, plaintext));
  Opened out;
  out.plaintext = ToVector(opened);
  SVSM_ASSIGN_OR_RETURN(const ByteView header,
                        kbs::DecodeBase64(kbs::Base64::kUrl, message.protected_text, more));
  ByteVector third(kRoom);
  SVSM_ASSIGN_OR_RETURN(const kbs::JweHeader parts, kbs::DecodeJweHeader(header, third));
  if (parts.svsm.empty()) return out;
  ByteVector fourth(kRoom);
  SVSM_ASSIGN_OR_RETURN(const kbs::SecretSignature signature,
                        kbs::DecodeSecretSignature(parts.svsm, fourth));
  crypto::OpensslEcdsaVerifier verifier(signature.signer.curve);
  SVSM_TRY(verifier.SetPublicKey(signature.signer.point));
  SVSM_TRY(
      kbs::VerifySecret(verifier, sha384, signature,
                        {.nonce = nonce_,
                         .svsm_key = {x_, y_},
                         .epk = parts.epk->point,
                         .report_digest = report_digest_,
                         .encrypted_key = FixedView<kbs::kEncryptedKeySize>(message.encrypted_key),
                         .iv = FixedView<crypto::kGcmNonceSize>(message.iv),
                         .ciphertext = message.ciphertext}));
  out.signer_x = ToVector(signature.signer.point.x);
  out.boot = signature.boot;
  out.resource = Text(signature.resource);
  return out;
}

}  // namespace svsm::testing
