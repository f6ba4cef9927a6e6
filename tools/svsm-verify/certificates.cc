#include "tools/svsm-verify/certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "svsm/snp/certificate_table.h"
#include "svsm/snp_verify/crl.h"

namespace svsm::verify {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 4096;

// The DER certificates of a file in any of its forms; empty if it is in none.
std::vector<ByteVector> DersOf(const ByteVector& file) {
  Result<std::vector<ByteVector>> ders = snp::ReadCertificateFile(file);
  if (ders.ok()) return *std::move(ders);
  const Result<snp::CertificateTable> table = snp::CertificateTable::Parse(file);
  std::vector<ByteVector> found;
  for (std::size_t i = 0; table.ok() && i < table->size(); ++i) {
    if (table->entry(i).guid == snp::kCrlGuid) continue;
    Result<std::vector<ByteVector>> entry = snp::ReadCertificateFile(table->entry(i).bytes);
    if (entry.ok()) found.insert(found.end(), entry->begin(), entry->end());
  }
  return found;
}

// Sorts a certificate in by what it calls itself. False if it is none.
bool Add(const ByteVector& der, Certificates& certificates) {
  const Result<snp::X509Certificate> parsed = snp::ParseCertificate(der);
  if (!parsed.ok()) return false;
  switch (snp::KindOf(*parsed)) {
    case snp::CertificateKind::kVcek:
      certificates.vceks.push_back(der);
      break;
    case snp::CertificateKind::kVlek:
      certificates.vleks.push_back(der);
      break;
    case snp::CertificateKind::kAsk:
    case snp::CertificateKind::kAsvk:
      certificates.intermediates.push_back(der);
      break;
    default:
      break;  // an ARK is believed from --roots alone
  }
  return true;
}

std::vector<std::string> FilesUnder(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(error)) files.push_back(it->path().string());
    if (files.size() > kMaxFiles) throw Unusable(folder + ": too many files");
  }
  if (error) throw Unusable(folder + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::string Reasons(const snp::Refusals& why) {
  std::string text;
  for (const snp::Refusal& refusal : why) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", snp::ReasonId(refusal.reason),
                        refusal.found);
  }
  return text.empty() ? "not AMD's profile" : text;
}

snp::TrustStore LoadRoots(const std::string& path) {
  const std::vector<ByteVector> ders = DersOf(Load(path));
  std::vector<snp::X509Certificate> parsed;
  for (const ByteVector& der : ders) {
    const Result<snp::X509Certificate> certificate = snp::ParseCertificate(der);
    if (!certificate.ok()) throw Explain(path, certificate.status());
    parsed.push_back(*certificate);
  }
  if (parsed.empty()) throw Unusable(path + ": no certificate in DER or PEM");
  snp::Refusals why;
  Result<snp::TrustStore> store = snp::TrustStore::FromCertificates(parsed, why);
  if (store.ok()) return *std::move(store);
  switch (store.status().code()) {
    case Code::kAuthFailed:
      throw Unusable(fmt::format("{}: not usable as roots: {}", path, Reasons(why)));
    case Code::kNotFound:
      throw Unusable(path + ": no root (ARK) among the certificates");
    default:
      throw Explain(path, store.status());
  }
}

void AddCrls(const std::string& path, snp::TrustStore& store) {
  const ByteVector file = Load(path);
  const Result<std::vector<ByteVector>> ders = snp::ReadCrlFile(file);
  if (!ders.ok()) throw Explain(path, ders.status());
  for (const ByteVector& der : *ders) {
    const Result<snp::Crl> crl = snp::ParseCrl(der);
    if (!crl.ok()) throw Explain(path, crl.status());
    const Status added = store.AddCrl(*crl);
    if (added.code() == Code::kNotFound) {
      throw Unusable(path + ": a revocation list of nobody in the roots");
    }
    if (!added.ok()) throw Explain(path, added);
  }
}

}  // namespace

Certificates LoadCertificates(const std::string& path) {
  Certificates certificates;
  std::error_code error;
  const bool folder = fs::is_directory(path, error);
  for (const std::string& file : folder ? FilesUnder(path) : std::vector<std::string>{path}) {
    bool any = false;
    for (const ByteVector& der : DersOf(Load(file))) any = Add(der, certificates) || any;
    if (!any && !folder) throw Unusable(file + ": no certificate in DER or PEM");
  }
  if (certificates.vceks.empty() && certificates.vleks.empty()) {
    throw Unusable(path + ": no VCEK or VLEK certificate");
  }
  return certificates;
}

snp::TrustStore LoadTrustStore(const Options& options, const Certificates& certificates) {
  Result<snp::TrustStore> amd = snp::TrustStore::Amd();
  if (!amd.ok()) throw Explain("AMD's roots", amd.status());
  snp::TrustStore store = options.roots.empty() ? *std::move(amd) : LoadRoots(options.roots);
  for (const ByteVector& der : certificates.intermediates) {
    const Result<snp::X509Certificate> parsed = snp::ParseCertificate(der);
    snp::Refusals why;
    // One that no root signed stays outside: the leaf's refusal says what is missing.
    if (parsed.ok()) (void)store.AddIntermediate(*parsed, why);
  }
  for (const std::string& path : options.crls) AddCrls(path, store);
  return store;
}

}  // namespace svsm::verify
