#include "svsm/sim/certificates.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sim/der.h"
#include "sim/folder.h"
#include "sim/rsa_key.h"
#include "sim/x509.h"

namespace svsm::sim {

namespace {

constexpr std::int64_t kRootNotBefore = 1603387385;  // 2020-10-22T17:23:05Z
constexpr std::int64_t kRootNotAfter = 2392305785;   // 2045-10-22T17:23:05Z

enum File : std::uint32_t { kArkKey = 1, kAskKey, kArkDer, kAskDer, kAsvkKey, kAsvkDer };

std::string ArkName(const ProductLine& line) { return std::string("ARK-") + line.name; }
std::string CrlUrl(const ProductLine& line, const char* kind) {
  return std::string("https://kdsintf.amd.com/") + kind + "/v1/" + line.name + "/crl";
}

// What differs between the chains.
struct Chain {
  std::string name;  // of the intermediate
  const char* stem;  // of its files
  File key;
  File der;
  std::uint32_t serial;
  const char* kds;  // the first part of a path of the key service
};

Chain ChainOf(const ProductLine& line, EndorsementKey signs) {
  if (signs == EndorsementKey::kVlek) {
    return {
        std::string("SEV-VLEK-") + line.name, "asvk", kAsvkKey, kAsvkDer, line.asvk_serial, "vlek"};
  }
  return {std::string("SEV-") + line.name, "ask", kAskKey, kAskDer, line.ask_serial, "vcek"};
}

Status Invalid(std::uint32_t detail) {
  return Status(Code::kInvalidArgument, Source::kSim, detail);
}

bool IsCspId(std::string_view id) {
  constexpr std::size_t kMaxSize = 64;
  return !id.empty() && id.size() <= kMaxSize &&
         std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Status Damaged(File file) { return Status(Code::kDataLoss, Source::kSim, file); }

// Holds a folder against other processes; the lock goes with the descriptor.
class FolderLock final {
 public:
  FolderLock() = default;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  Status Acquire(const std::string& folder) {
    fd_ = open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) return LastError();
    while (flock(fd_, LOCK_EX) != 0) {
      if (errno != EINTR) return LastError();
    }
    return OkStatus();
  }

 private:
  static Status LastError() {
    const Code code = errno == EACCES ? Code::kPermissionDenied : Code::kIoError;
    return Status(code, Source::kSystem, static_cast<std::uint32_t>(errno));
  }
  int fd_ = -1;
};

Result<RsaKey> OpenKey(const std::string& path, File file) {
  const Result<ByteVector> pem = ReadFile(path);
  if (pem.ok()) {
    Result<RsaKey> key = RsaKey::FromPem(*pem);
    if (!key.ok()) return Damaged(file);
    return key;
  }
  if (pem.status().code() != Code::kNotFound) return pem.status();
  SVSM_ASSIGN_OR_RETURN(RsaKey key, RsaKey::Generate());
  SVSM_ASSIGN_OR_RETURN(const ByteVector out, key.ToPem());
  SVSM_TRY(WriteFileAtomically(path, out, FileMode::kPrivate));
  return key;
}

// Whether `der` is one certificate over the public key `spki`.
bool IsCertificateOf(ByteView der, ByteView spki) {
  const std::uint8_t* at = der.data();
  X509* const certificate = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  if (certificate == nullptr) return false;
  std::uint8_t* found = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &found);
  const bool same = at == der.data() + der.size() && size > 0 &&
                    Equal({found, static_cast<std::size_t>(size)}, spki);
  OPENSSL_free(found);
  X509_free(certificate);
  return same;
}

Result<ByteVector> OpenCertificate(const std::string& path, File file,
                                   const x509::Certificate& certificate, const RsaKey& issuer) {
  Result<ByteVector> found = ReadFile(path);
  if (found.ok()) {
    if (!IsCertificateOf(*found, certificate.spki)) return Damaged(file);
    return found;
  }
  if (found.status().code() != Code::kNotFound) return found.status();
  SVSM_ASSIGN_OR_RETURN(ByteVector der, x509::Sign(certificate, issuer));
  SVSM_TRY(WriteFileAtomically(path, der, FileMode::kPublic));
  return der;
}

}  // namespace

struct CertificateAuthority::Keys {
  RsaKey ark;
  RsaKey ask;
  ByteVector ark_spki;
};

CertificateAuthority::CertificateAuthority(const ProductLine& line, EndorsementKey signs,
                                           std::unique_ptr<Keys> keys, ByteVector ark,
                                           ByteVector ask)
    : line_(&line),
      signs_(signs),
      keys_(std::move(keys)),
      ark_(std::move(ark)),
      ask_(std::move(ask)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::Open(const ProductLine& line,
                                                        const std::string& folder,
                                                        EndorsementKey signs) {
  const std::string home = folder + "/" + line.name;
  const Chain chain = ChainOf(line, signs);
  const std::string stem = home + "/" + chain.stem;
  SVSM_TRY(MakeFolder(home));
  FolderLock lock;
  SVSM_TRY(lock.Acquire(home));
  SVSM_ASSIGN_OR_RETURN(RsaKey ark_key, OpenKey(home + "/ark.key", kArkKey));
  SVSM_ASSIGN_OR_RETURN(RsaKey ask_key, OpenKey(stem + ".key", chain.key));
  SVSM_ASSIGN_OR_RETURN(ByteVector ark_spki, ark_key.Spki());
  SVSM_ASSIGN_OR_RETURN(const ByteVector ask_spki, ask_key.Spki());
  const std::string ark_name = ArkName(line);
  const ByteVector root_extensions = x509::RootExtensions(ark_spki, CrlUrl(line, "vcek"));
  SVSM_ASSIGN_OR_RETURN(ByteVector ark,
                        OpenCertificate(home + "/ark.der", kArkDer,
                                        {line.ark_serial, ark_name, ark_name, kRootNotBefore,
                                         kRootNotAfter, ark_spki, root_extensions},
                                        ark_key));
  const ByteVector ask_extensions =
      x509::IntermediateExtensions(ask_spki, ark_spki, CrlUrl(line, chain.kds));
  SVSM_ASSIGN_OR_RETURN(ByteVector ask,
                        OpenCertificate(stem + ".der", chain.der,
                                        {chain.serial, ark_name, chain.name, kRootNotBefore,
                                         kRootNotAfter, ask_spki, ask_extensions},
                                        ark_key));
  auto keys =
      std::make_unique<Keys>(Keys{std::move(ark_key), std::move(ask_key), std::move(ark_spki)});
  return CertificateAuthority(line, signs, std::move(keys), std::move(ark), std::move(ask));
}

std::string CertificateAuthority::ChainPem() const {
  return ToPem(PemKind::kCertificate, ask_) + ToPem(PemKind::kCertificate, ark_);
}

Result<ByteVector> CertificateAuthority::IssueLeaf(std::string_view name, std::int64_t not_before,
                                                   std::int64_t days,
                                                   const crypto::EcPointView& key,
                                                   ByteView extensions) const {
  constexpr std::size_t kCoordinate = crypto::CoordinateSize(crypto::Curve::kP384);
  constexpr std::int64_t kSecondsPerDay = 86400;
  const std::int64_t not_after = not_before + days * kSecondsPerDay;
  if (key.x.size() != kCoordinate || key.y.size() != kCoordinate) return Invalid(2);
  if (!der::FitsUtcTime(not_before) || !der::FitsUtcTime(not_after)) return Invalid(3);
  const ByteVector spki = x509::EcSpki(key);
  const std::string issuer = ChainOf(*line_, signs_).name;
  return x509::Sign({0, issuer, name, not_before, not_after, spki, extensions}, keys_->ask);
}

Result<ByteVector> CertificateAuthority::IssueVcek(const VcekRequest& request) const {
  constexpr std::int64_t kDays = 7 * 365 + 2;
  if (signs_ != EndorsementKey::kVcek) return Invalid(4);
  if (request.hwid.size() != line_->hwid_size) return Invalid(1);
  return IssueLeaf("SEV-VCEK", request.not_before_unix_s, kDays, request.public_key,
                   x509::VcekExtensions(*line_, request.hwid, request.tcb));
}

Result<ByteVector> CertificateAuthority::IssueVlek(const VlekRequest& request) const {
  constexpr std::int64_t kDays = 365;
  if (signs_ != EndorsementKey::kVlek) return Invalid(4);
  if (!IsCspId(request.csp_id)) return Invalid(1);
  return IssueLeaf("SEV-VLEK", request.not_before_unix_s, kDays, request.public_key,
                   x509::VlekExtensions(*line_, request.csp_id, request.tcb));
}

Result<ByteVector> CertificateAuthority::IssueCrl(const CrlRequest& request) const {
  if (!der::FitsUtcTime(request.this_update_unix_s) ||
      !der::FitsUtcTime(request.next_update_unix_s)) {
    return Invalid(3);
  }
  return x509::SignCrl(request, ArkName(*line_), keys_->ark_spki, keys_->ark);
}

std::string ToPem(PemKind kind, ByteView der) {
  constexpr std::size_t kLine = 48;  // bytes in 64 characters
  const std::string label = kind == PemKind::kCrl ? "X509 CRL" : "CERTIFICATE";
  std::string out = "-----BEGIN " + label + "-----\n";
  for (std::size_t at = 0; at < der.size(); at += kLine) {
    const ByteView bytes = der.subspan(at, std::min(kLine, der.size() - at));
    Bytes<65> text{};
    const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
    out.append(text.begin(), text.begin() + size);
    out += '\n';
  }
  return out + "-----END " + label + "-----\n";
}

}  // namespace svsm::sim
