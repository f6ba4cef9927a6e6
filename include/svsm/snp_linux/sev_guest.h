// svsm/snp_linux/sev_guest.h: attestation reports and derived keys from Linux's /dev/sev-guest.
//
//   LinuxSevGuestDevice device(kSevGuestPath);
//   SevGuestAttester attester(device, Vmpl(0));
//
// The kernel holds the VMPCK and does the waiting on a busy host. Where there is configfs-tsm, that
// is the better source for reports; derived keys are here alone.
//
// Profile: hosted. Allocates: the device's path. Threads: one object, one thread.
// Spec: Linux Documentation/virt/coco/sev-guest.rst; AMD 56860, MSG_REPORT_RSP and MSG_KEY_RSP.
#ifndef SVSM_SNP_LINUX_SEV_GUEST_H_
#define SVSM_SNP_LINUX_SEV_GUEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "svsm/core/attester.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/core/strong.h"
#include "svsm/snp/derived_key.h"
#include "svsm/snp_linux/detail.h"

namespace svsm::snp {

inline constexpr char kSevGuestPath[] = "/dev/sev-guest";

// The seam: one ioctl on the device.
class SevGuestDevice {
 public:
  // Gives 0 or errno. `argument` is a struct snp_guest_request_ioctl.
  virtual int Ioctl(unsigned long request, void* argument) = 0;

 protected:
  ~SevGuestDevice() = default;
};

// Opens the device at the first call, which gives open()'s errno if that fails, and keeps it open.
class LinuxSevGuestDevice final : public SevGuestDevice {
 public:
  explicit LinuxSevGuestDevice(std::string path) : path_(std::move(path)) {}
  LinuxSevGuestDevice(const LinuxSevGuestDevice&) = delete;
  LinuxSevGuestDevice& operator=(const LinuxSevGuestDevice&) = delete;
  ~LinuxSevGuestDevice();
  int Ioctl(unsigned long request, void* argument) override;

 private:
  std::string path_;
  int fd_ = -1;
};

class SevGuestAttester final : public Attester {
 public:
  // Borrows `device` for the object's life. `vmpl` is this guest's own or a less privileged one.
  SevGuestAttester(SevGuestDevice& device, Vmpl vmpl) : device_(device), vmpl_(vmpl) {}

  // The errors of all calls:
  //   kBusy                the host is busy (it did not reach the AMD-SP)
  //   kPermissionDenied    the firmware refused (detail = its error); or errno, where the file may
  //                        not be opened; or kDetailZeroReport
  //   kFailedPrecondition  the kernel has wiped its VMPCK (ENOTTY)
  //   kUnavailable         there is no such device (detail = errno)
  //   kInvalidArgument     VMPL above 3; or refused by the firmware in an authentic response
  //   (detail
  //                        = its status)
  //   kIoError             detail = errno
  //   kInternal            the kernel's answer is not of the right form (detail = its report size)

  // The certificates' size is a guess until the host says more.
  AttestationSizes Sizes() const override;
  // Errors: kBufferTooSmall (detail = bytes needed, for certificates whole pages), and those above.
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan report,
                                  ByteSpan certificates) override;
  // Errors: kUnsupported (kLaunchMitVector: the device has no such request), kInvalidArgument
  // (selection), and those above; `key` is zero then.
  Status DeriveKey(const DerivedKeySelection& selection, Secret<kDerivedKeySize>& key);

 private:
  SevGuestDevice& device_;
  Vmpl vmpl_;
  std::size_t certificates_bytes_ = 0x4000;
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_LINUX_SEV_GUEST_H_
