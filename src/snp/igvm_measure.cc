#include "svsm/snp/igvm_measure.h"

#include "svsm/snp/launch_problem.h"

namespace svsm::snp {
namespace {

template <wire::Struct T>
T As(ByteView body) {
  return *wire::Read<T>(body);
}

class Measurer {
 public:
  Measurer(const crypto::Hash& sha384, const IgvmFile& file, IgvmLoader loader,
           FixedSpan<kPageSize> zeros)
      : file_(file), loader_(loader), zeros_(zeros), digest_(sha384) {}

  Status Add(const IgvmHeader& header) {
    switch (header.type) {
      case IgvmHeaderType::kPageData:
        return AddPageData(As<IgvmPageData>(header.body));
      case IgvmHeaderType::kParameterInsert:
        return AddParameterArea(As<IgvmParameterInsert>(header.body));
      case IgvmHeaderType::kVpContext:
        return AddContext(As<IgvmVpContext>(header.body));
      default:
        return OkStatus();
    }
  }
  // What the loader does at the end.
  Status Finish() {
    if (loader_ != IgvmLoader::kQemu) return OkStatus();
    if (num_contexts_ != 1) return LaunchUnsupported(LaunchProblem::kIgvmContexts);
    return digest_.AddVmsa(kKvmVmsaGpa,
                           FixedView<kPageSize>(file_.data(context_offset_, kPageSize)));
  }
  const Bytes<kLaunchDigestSize>& value() const { return digest_.value(); }

 private:
  bool IsOurs(std::uint32_t mask) const { return (mask & file_.snp_mask()) != 0; }
  bool IsIgvmmeasure() const {
    return loader_ == IgvmLoader::kIgvmmeasure || loader_ == IgvmLoader::kIgvmmeasureNativeZero;
  }
  bool ZeroesEmptyPages() const {
    return loader_ == IgvmLoader::kIgvmmeasureNativeZero || loader_ == IgvmLoader::kQemu;
  }

  Status AddPageData(const IgvmPageData& page) {
    if (!IsOurs(page.mask.get())) return OkStatus();
    const bool crate = loader_ == IgvmLoader::kIgvmCrate;
    const std::uint32_t flags = page.flags.get();
    if (crate && (flags & kIgvmLargePage) != 0) {
      return LaunchUnsupported(LaunchProblem::kIgvmTwoMibPage);
    }
    if (crate && (flags & kIgvmShared) != 0) return OkStatus();
    const Gpa gpa(page.gpa.get());
    switch (static_cast<IgvmDataType>(page.data_type.get())) {
      case IgvmDataType::kSecrets:
        return digest_.AddPage(PageType::kSecrets, gpa);
      case IgvmDataType::kCpuid:
      case IgvmDataType::kCpuidXf:
        return digest_.AddPage(PageType::kCpuid, gpa);
      case IgvmDataType::kNormal:
        break;
    }
    const std::size_t size = (flags & kIgvmLargePage) != 0 ? kLargePageSize : kPageSize;
    if ((flags & kIgvmUnmeasured) != 0) return AddPages(PageType::kUnmeasured, gpa, size);
    if (page.file_offset.get() != 0) return AddData(gpa, file_.data(page.file_offset.get(), size));
    if (ZeroesEmptyPages()) return AddPages(PageType::kZero, gpa, size);
    for (std::size_t at = 0; at < size; at += kPageSize) {
      SVSM_TRY(digest_.AddNormalPage(Gpa(gpa.value() + at), zeros_));
    }
    return OkStatus();
  }

  Status AddData(Gpa gpa, ByteView data) {
    for (std::size_t at = 0; at < data.size(); at += kPageSize) {
      SVSM_TRY(digest_.AddNormalPage(Gpa(gpa.value() + at),
                                     FixedView<kPageSize>(data.subspan(at, kPageSize))));
    }
    return OkStatus();
  }

  Status AddPages(PageType type, Gpa gpa, std::uint64_t size) {
    for (std::uint64_t at = 0; at < size; at += kPageSize) {
      SVSM_TRY(digest_.AddPage(type, Gpa(gpa.value() + at)));
    }
    return OkStatus();
  }

  Status AddParameterArea(const IgvmParameterInsert& insert) {
    if (!IsOurs(insert.mask.get())) return OkStatus();
    const std::uint64_t size =
        IsIgvmmeasure() ? kPageSize : file_.parameter_area_size(insert.index.get());
    return AddPages(PageType::kUnmeasured, Gpa(insert.gpa.get()), size);
  }

  Status AddContext(const IgvmVpContext& context) {
    if (!IsOurs(context.mask.get()) && !IsIgvmmeasure()) return OkStatus();
    ++num_contexts_;
    context_offset_ = context.file_offset.get();
    if (loader_ == IgvmLoader::kQemu) return OkStatus();
    if (!file_.has_data(context_offset_, kPageSize)) {
      return LaunchMalformed(LaunchProblem::kIgvmFileOffset);
    }
    return digest_.AddVmsa(Gpa(context.gpa.get()),
                           FixedView<kPageSize>(file_.data(context_offset_, kPageSize)));
  }

  const IgvmFile& file_;
  IgvmLoader loader_;
  FixedView<kPageSize> zeros_;
  LaunchDigest digest_;
  std::size_t num_contexts_ = 0;
  std::uint32_t context_offset_ = 0;
};

}  // namespace

Result<Bytes<kLaunchDigestSize>> MeasureIgvm(const crypto::Hash& sha384, const IgvmFile& file,
                                             IgvmLoader loader, FixedSpan<kPageSize> scratch) {
  if (loader == IgvmLoader::kIgvmCrate && !file.guest_policy()) {
    return LaunchUnsupported(LaunchProblem::kIgvmNoPolicy);
  }
  Fill(scratch, 0);
  Measurer measurer(sha384, file, loader, scratch);
  IgvmCursor headers = file.headers();
  for (IgvmHeader header; headers.Next(header);) SVSM_TRY(measurer.Add(header));
  SVSM_TRY(measurer.Finish());
  return measurer.value();
}

}  // namespace svsm::snp
