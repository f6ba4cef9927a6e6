#include "snp/verify/authority.h"

#include <array>

#include "snp/verify/der.h"
#include "snp/verify/name.h"
#include "snp/verify/rsa_pss_key.h"

namespace svsm::snp {
namespace {

constexpr std::array<Product, 4> kProducts = {Product::kMilan, Product::kGenoa, Product::kTurin,
                                              Product::kVenice};

// Standard extensions are 2.5.29.<arc>.
constexpr std::uint8_t kKeyUsage = 15;
constexpr std::uint8_t kBasicConstraints = 19;

bool IsStandard(ByteView oid, std::uint8_t arc) {
  return oid.size() == 3 && oid[0] == 0x55 && oid[1] == 0x1D && oid[2] == arc;
}

// BasicConstraints ::= SEQUENCE { cA DEFAULT FALSE, pathLen OPTIONAL }
bool SaysCa(ByteView value) {
  der::Reader file(value);
  der::Reader constraints = file.Enter(der::kSequence);
  const bool ca = constraints.Boolean();
  if (constraints.Next(der::kInteger)) (void)constraints.SmallInteger();
  return constraints.Finish().ok() && file.Finish().ok() && ca;
}

// The first byte of keyUsage's bits, or 0: keyCertSign and cRLSign are in it.
std::uint8_t KeyUsageBits(ByteView value) {
  der::Reader file(value);
  const ByteView bits = file.Content(der::kBitString);
  if (!file.Finish().ok() || bits.size() < 2 || bits[0] > 7) return 0;
  return bits[1];
}
constexpr std::uint8_t kKeyCertSign = 0x04;
constexpr std::uint8_t kCrlSign = 0x02;

void JudgeExtensions(const X509Certificate& certificate, Authority& authority, Refusals& refusals) {
  bool ca = false;
  std::uint8_t usage = 0;
  const std::span<const Extension> extensions = certificate.extensions();
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const Extension& extension = extensions[i];
    const std::string found = authority.common_name + ": extension " + der::OidText(extension.oid);
    for (std::size_t before = 0; before < i; ++before) {
      if (Equal(extensions[before].oid, extension.oid)) {
        refusals.push_back({Reason::kExtensionRepeated, found, "each extension once"});
      }
    }
    if (IsStandard(extension.oid, kBasicConstraints)) {
      ca = SaysCa(extension.value);
    } else if (IsStandard(extension.oid, kKeyUsage)) {
      usage = KeyUsageBits(extension.value);
    } else if (extension.critical) {
      refusals.push_back(
          {Reason::kExtensionCritical, found, "none critical but basicConstraints and keyUsage"});
    }
  }
  if (!ca || (usage & kKeyCertSign) == 0) {
    refusals.push_back({Reason::kCertificateNotCa,
                        authority.common_name + (ca ? ": may not sign certificates" : ": is no CA"),
                        "basicConstraints CA and keyUsage keyCertSign"});
  }
  authority.signs_crls = (usage & kCrlSign) != 0;
}

}  // namespace

std::optional<AuthorityName> ParseAuthorityName(std::string_view common_name) {
  constexpr struct {
    std::string_view prefix;
    AuthorityKind kind;
  } kPrefixes[] = {{"ARK-", AuthorityKind::kArk},
                   {"SEV-VLEK-", AuthorityKind::kAsvk},
                   {"SEV-", AuthorityKind::kAsk}};
  for (const auto& [prefix, kind] : kPrefixes) {
    if (!common_name.starts_with(prefix)) continue;
    for (const Product product : kProducts) {
      if (common_name.substr(prefix.size()) == ProductName(product)) {
        return AuthorityName{kind, product};
      }
    }
  }
  return std::nullopt;
}

Result<Authority> JudgeAuthority(const X509Certificate& certificate, std::string_view organization,
                                 Refusals& refusals) {
  const std::string_view common_name = CommonName(certificate.subject);
  const std::optional<AuthorityName> name = ParseAuthorityName(common_name);
  if (!name) return Status(Code::kUnsupported, Source::kSnpVerify);
  Authority out{.kind = name->kind,
                .product = name->product,
                .common_name = std::string(common_name),
                .subject = ToVector(certificate.subject),
                .spki = ToVector(certificate.spki),
                .serial = ToVector(certificate.serial),
                .not_before = certificate.not_before,
                .not_after = certificate.not_after,
                .signs_crls = false,
                .key = nullptr};
  if (certificate.version != 3) {
    refusals.push_back({Reason::kCertificateVersion,
                        out.common_name + ": version " + std::to_string(certificate.version),
                        "version 3"});
  }
  if (!IsAmdName(certificate.subject, organization)) {
    refusals.push_back({Reason::kCertificateSubject, NameText(certificate.subject),
                        "AMD's attributes, each once, and the common name"});
  }
  JudgeExtensions(certificate, out, refusals);
  Result<std::shared_ptr<const RsaPssKey>> key = RsaPssKey::Import(certificate.spki);
  if (key.ok()) {
    out.key = *std::move(key);
  } else if (key.status().code() == Code::kInternal) {
    return key.status();
  } else {
    refusals.push_back({Reason::kCertificateKey, out.common_name + ": another kind of key",
                        "RSA, 2048 to 4096 bits, exponent 65537"});
  }
  return out;
}

Status JudgeCertificateSignature(const X509Certificate& certificate, const Authority& issuer,
                                 const std::string& whose, Refusals& refusals) {
  if (!IsAmdPss(certificate.signature_algorithm)) {
    refusals.push_back({Reason::kCertificateAlgorithm, whose + ": another signature algorithm",
                        "RSASSA-PSS, SHA-384, MGF1 with SHA-384, 48 bytes of salt"});
    return OkStatus();
  }
  const Status verified = issuer.key->Verify(certificate.tbs, certificate.signature);
  if (verified.code() == Code::kAuthFailed) {
    refusals.push_back({Reason::kCertificateSignature, whose + ": the signature does not verify",
                        "a signature by " + issuer.common_name});
    return OkStatus();
  }
  return verified;
}

}  // namespace svsm::snp
