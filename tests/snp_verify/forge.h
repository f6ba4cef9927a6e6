// Throw-away certificates, lists and reports for tests: right by default, wrong where a test says.
#ifndef SVSM_TESTS_SNP_VERIFY_FORGE_H_
#define SVSM_TESTS_SNP_VERIFY_FORGE_H_

#include <openssl/evp.h>

#include <optional>
#include <string>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/snp/product.h"
#include "svsm/snp/report_layout.h"
#include "svsm/snp/tcb.h"

namespace svsm::snp::forge {

// 2025-06-01T00:00:00Z, at which all that the forge makes by default is valid.
inline constexpr std::int64_t kNow = 1748736000;
inline constexpr std::int64_t kYear = 365 * 86400;

// Authorities have RSA-2048, since the size is not what is tested; chips' keys are new in each
// process.
enum class Key { kArk, kAsk, kAsvk, kOther, kSmallRsa, kChip, kOtherChip, kP256 };
EVP_PKEY* KeyOf(Key key);

enum class Scheme { kAmd, kAmdSalt32, kAmdSha256, kPkcs1Sha384 };

struct NamePart {
  std::string type;  // "CN", "O", ...
  std::string value;
};
using Name = std::vector<NamePart>;
// AMD's attributes in AMD's order with this common name.
Name AmdName(const std::string& common_name);

struct ExtensionSpec {
  std::string oid;
  ByteVector value;
  bool critical = false;
};

struct CertificateSpec {
  int version = 3;
  std::uint64_t serial = 0;
  Name issuer = {};
  Name subject = {};
  std::int64_t not_before = kNow - kYear;
  std::int64_t not_after = kNow + kYear;
  Key key = Key::kChip;
  std::vector<ExtensionSpec> extensions = {};
  Key signer = Key::kAsk;
  Scheme scheme = Scheme::kAmd;

  // Edits for tests.
  ExtensionSpec& At(const std::string& oid);
  void Remove(const std::string& oid);
};

CertificateSpec Ark(Product product);
CertificateSpec Ask(Product product);
CertificateSpec Asvk(Product product);
CertificateSpec Vcek(Product product, const TcbVersion& tcb, ByteView hwid);
CertificateSpec Vlek(Product product, const TcbVersion& tcb, const std::string& csp_id);
ByteVector Make(const CertificateSpec& spec);

struct CrlSpec {
  Name issuer = {};
  std::int64_t this_update = kNow - 86400;
  std::optional<std::int64_t> next_update = kNow + 86400;
  std::vector<std::uint64_t> revoked = {};
  Key signer = Key::kArk;
  Scheme scheme = Scheme::kAmd;
  bool critical_extension = false;
};
ByteVector MakeCrl(const CrlSpec& spec);

std::string Pem(const char* label, ByteView der);

// The hwID that the forge's chips of a line have.
ByteVector Hwid(Product product);
// A TCB of a line whose components differ from each other; microcode is above 127.
TcbVersion Tcb(Product product);

// A report at VMPL 0 of such a chip with such a TCB, in the line's newest version.
ReportBody Body(Product product);
void SetBodyTcb(ReportBody& body, const TcbVersion& tcb);
// The report with the key's signature.
ByteVector Sign(const ReportBody& body, Key key = Key::kChip);

}  // namespace svsm::snp::forge

#endif  // SVSM_TESTS_SNP_VERIFY_FORGE_H_
