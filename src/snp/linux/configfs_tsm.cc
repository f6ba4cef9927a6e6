#include "svsm/snp_linux/configfs_tsm.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "svsm/snp/report_layout.h"

namespace svsm::snp {
namespace {

using ByteVector = std::vector<std::uint8_t>;

Status Failure(Code code, std::size_t detail = 0) {
  return Status(code, Source::kSnp, static_cast<std::uint32_t>(detail));
}

ByteView BytesOf(std::string_view text) {
  return ByteView(static_cast<const std::uint8_t*>(static_cast<const void*>(text.data())),
                  text.size());
}

std::string PrintedGuid(const Guid& guid) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : guid.rfc4122()) {
    if (text.size() == 8 || text.size() == 13 || text.size() == 18 || text.size() == 23) {
      text += '-';
    }
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// An entry of its own for one request, and the number of writes that the kernel should have
// counted.
class Entry {
 public:
  Entry(TsmTree& tree, std::string name) : tree_(tree), name_(std::move(name)) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() { (void)tree_.RemoveEntry(name_); }

  Status Write(const char* attribute, ByteView value) {
    SVSM_TRY(tree_.Write(name_, attribute, value));
    ++writes_;
    return OkStatus();
  }
  Result<ByteVector> Read(const char* attribute) const { return tree_.Read(name_, attribute); }
  // The value of an attribute that may be missing; empty then.
  Result<ByteVector> ReadOptional(const char* attribute) const {
    Result<ByteVector> value = Read(attribute);
    if (value.status().code() == Code::kNotFound) return ByteVector();
    return value;
  }
  // The value without the newline that the kernel puts behind text.
  Result<std::string> ReadText(const char* attribute) const {
    SVSM_ASSIGN_OR_RETURN(const ByteVector value, Read(attribute));
    std::string text(value.begin(), value.end());
    while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
    return text;
  }
  Result<std::uint64_t> ReadNumber(const char* attribute) const {
    SVSM_ASSIGN_OR_RETURN(const std::string text, ReadText(attribute));
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return Failure(Code::kMalformed, kDetailNotANumber);
    return value;
  }
  std::uint64_t writes() const { return writes_; }

 private:
  TsmTree& tree_;
  std::string name_;
  std::uint64_t writes_ = 0;
};

Status CheckProvider(const Entry& entry) {
  SVSM_ASSIGN_OR_RETURN(const std::string provider, entry.ReadText("provider"));
  if (provider != "sev_guest") return Failure(Code::kUnsupported, kDetailOtherProvider);
  return OkStatus();
}

Status AskForVmpl(Entry& entry, Vmpl vmpl) {
  if (vmpl.value() >= kNumVmpls) return Failure(Code::kInvalidArgument);
  const Result<std::uint64_t> floor = entry.ReadNumber("privlevel_floor");
  if (!floor.ok() && floor.status().code() != Code::kNotFound) return floor.status();
  if (floor.ok() && vmpl.value() < *floor) return Failure(Code::kPermissionDenied, *floor);
  return entry.Write("privlevel", BytesOf(std::to_string(vmpl.value())));
}

Status AskForService(Entry& entry, const SvsmService& service) {
  const Status asked = entry.Write("service_provider", BytesOf("svsm"));
  if (asked.code() == Code::kNotFound) return Failure(Code::kUnavailable, kDetailNoSvsm);
  SVSM_TRY(asked);
  // Without a GUID the kernel asks for all services.
  if (service.guid.is_null()) return OkStatus();
  SVSM_TRY(entry.Write("service_guid", BytesOf(PrintedGuid(service.guid))));
  return entry.Write("service_manifest_version", BytesOf(std::to_string(service.manifest_version)));
}

Status CheckReport(const ByteVector& report) {
  if (report.size() != kReportSize) return Failure(Code::kMalformed, report.size());
  if (IsZero(report)) return Failure(Code::kPermissionDenied, kDetailZeroReport);
  return OkStatus();
}

}  // namespace

Result<TsmReport> CollectTsmReport(TsmTree& tree, const TsmRequest& request) {
  SVSM_ASSIGN_OR_RETURN(std::string name, tree.MakeEntry());
  Entry entry(tree, std::move(name));
  SVSM_TRY(CheckProvider(entry));
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t generation_before, entry.ReadNumber("generation"));
  if (request.service) {
    SVSM_TRY(AskForService(entry, *request.service));
  } else if (request.vmpl) {
    SVSM_TRY(AskForVmpl(entry, *request.vmpl));
  }
  SVSM_TRY(entry.Write("inblob", request.inblob));

  TsmReport report;
  SVSM_ASSIGN_OR_RETURN(report.report, entry.Read("outblob"));
  SVSM_ASSIGN_OR_RETURN(report.certificates, entry.ReadOptional("auxblob"));
  if (request.service) {
    SVSM_ASSIGN_OR_RETURN(report.manifest, entry.Read("manifestblob"));
  }
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t generation_after, entry.ReadNumber("generation"));
  if (generation_after - generation_before != entry.writes()) {
    return Failure(Code::kBusy, kDetailRacingWriter);
  }
  SVSM_TRY(CheckReport(report.report));
  return report;
}

AttestationSizes ConfigfsTsmAttester::Sizes() const { return {kReportSize, certificates_bytes_}; }

Result<AttestationSizes> ConfigfsTsmAttester::Attest(FixedView<kReportDataSize> report_data,
                                                     ByteSpan report, ByteSpan certificates) {
  Fill(report, 0);
  Fill(certificates, 0);
  if (report.size() < kReportSize) return Failure(Code::kBufferTooSmall, kReportSize);
  TsmRequest request;
  Copy(request.inblob, report_data);
  request.vmpl = vmpl_;
  SVSM_ASSIGN_OR_RETURN(const TsmReport collected, CollectTsmReport(tree_, request));
  certificates_bytes_ = collected.certificates.size();
  AttestationSizes sizes{kReportSize, 0};
  if (!certificates.empty()) {
    if (certificates.size() < certificates_bytes_) {
      return Failure(Code::kBufferTooSmall, certificates_bytes_);
    }
    Copy(certificates, collected.certificates);
    sizes.certificates_bytes = certificates_bytes_;
  }
  Copy(report, collected.report);
  return sizes;
}

}  // namespace svsm::snp
