#include "svsm/vtpm/libtpms_engine.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <utility>

#include "vtpm/libtpms/api.h"
#include "vtpm/libtpms/nvram.h"
#include "vtpm/libtpms/rand_provider.h"
#include "vtpm/libtpms/redirect.h"

namespace svsm::vtpm {
namespace {

// libtpms is one TPM in globals.
std::atomic_flag g_taken = ATOMIC_FLAG_INIT;

Status Internal(TPM_RESULT result) { return Status(Code::kInternal, Source::kLibtpms, result); }

Status NoPower() { return Status(Code::kFailedPrecondition, Source::kVtpm); }

TPMLIB_StateType StateType(StateKind kind) {
  switch (kind) {
    case StateKind::kPermanent:
      return TPMLIB_STATE_PERMANENT;
    case StateKind::kVolatile:
      return TPMLIB_STATE_VOLATILE;
    case StateKind::kSave:
      break;
  }
  return TPMLIB_STATE_SAVE_STATE;
}

// Memory that libtpms gives away; wiped, for it may hold keys.
class LibtpmsBuffer {
 public:
  LibtpmsBuffer() = default;
  LibtpmsBuffer(const LibtpmsBuffer&) = delete;
  LibtpmsBuffer& operator=(const LibtpmsBuffer&) = delete;
  ~LibtpmsBuffer() {
    if (data != nullptr) Wipe(ByteSpan(data, size));
    std::free(data);
  }
  ByteView view() const { return ByteView(data, size); }

  unsigned char* data = nullptr;
  std::uint32_t size = 0;
};

}  // namespace

struct LibtpmsEngine::Core {
  explicit Core(StateStore& store) : nvram(store) {}
  ~Core() {
    if (response != nullptr) Wipe(ByteSpan(response, response_capacity));
    std::free(response);
    Wipe(command);
  }

  // The store's or the Rng's first failure since PowerOn().
  Status Failure() const { return nvram.failure().ok() ? RngFailure() : nvram.failure(); }

  Nvram nvram;
  bool powered = false;
  // libtpms decrypts parameters in place, and grows the response as it likes; so both are ours.
  Bytes<kMaxTpmBuffer> command{};
  unsigned char* response = nullptr;
  std::uint32_t response_capacity = 0;
};

Result<std::unique_ptr<LibtpmsEngine>> LibtpmsEngine::Create(StateStore& store, crypto::Rng& rng) {
  if (g_taken.test_and_set(std::memory_order_acquire)) {
    return Status(Code::kAlreadyExists, Source::kVtpm);
  }
  Status status = PrepareRedirection();
  if (status.ok()) {
    const TPM_RESULT result = svsm_TPMLIB_ChooseTPMVersion(TPMLIB_TPM_VERSION_2);
    if (result != TPM_SUCCESS) status = Internal(result);
  }
  if (!status.ok()) {
    g_taken.clear(std::memory_order_release);
    return status;
  }
  auto core = std::make_unique<Core>(store);
  status = core->nvram.Register();
  if (!status.ok()) {
    g_taken.clear(std::memory_order_release);
    return status;
  }
  UseRng(&rng);
  return std::unique_ptr<LibtpmsEngine>(new LibtpmsEngine(std::move(core)));
}

LibtpmsEngine::LibtpmsEngine(std::unique_ptr<Core> core) : core_(std::move(core)) {}

LibtpmsEngine::~LibtpmsEngine() {
  PowerOff();
  UseRng(nullptr);
  core_.reset();
  g_taken.clear(std::memory_order_release);
}

Status LibtpmsEngine::PowerOn(StoredVolatile after) {
  PowerOff();
  Core& core = *core_;
  core.nvram.Begin();
  ForgetRngFailure();
  SVSM_TRY(core.nvram.CheckPermanent());
  const TPM_RESULT result = svsm_TPMLIB_MainInit();
  Status status = core.Failure();
  if (status.ok() && result != TPM_SUCCESS) {
    status =
        core.nvram.has_loaded() ? Status(Code::kDataLoss, Source::kVtpm, result) : Internal(result);
  }
  if (status.ok()) status = core.nvram.FinishPowerOn(after);
  if (!status.ok()) {
    svsm_TPMLIB_Terminate();
    return status;
  }
  core.powered = true;
  return OkStatus();
}

void LibtpmsEngine::PowerOff() {
  if (!core_->powered) return;
  svsm_TPMLIB_Terminate();
  core_->powered = false;
}

bool LibtpmsEngine::powered() const { return core_->powered; }

Result<std::size_t> LibtpmsEngine::Execute(std::uint8_t locality, ByteView command,
                                           ByteSpan response) {
  Core& core = *core_;
  const std::size_t capacity = core.nvram.buffer_sizes().current;
  if (locality > kMaxLocality) return Status(Code::kInvalidArgument, Source::kVtpm);
  if (response.size() < capacity) {
    return Status(Code::kBufferTooSmall, Source::kVtpm, static_cast<std::uint32_t>(capacity));
  }
  std::uint32_t refusal = kTpmRcFailure;
  if (core.powered && core.Failure().ok()) {
    if (command.size() > capacity) {
      refusal = kTpmRcCommandSize;
    } else {
      Copy(core.command, command);
      core.nvram.set_locality(locality);
      std::uint32_t size = 0;
      const TPM_RESULT result =
          svsm_TPMLIB_Process(&core.response, &size, &core.response_capacity, core.command.data(),
                              static_cast<std::uint32_t>(command.size()));
      // A command that was to be stored, or that drew bad random numbers, was not done, whatever
      // libtpms says.
      if (result == TPM_SUCCESS && size >= kTpmHeaderSize && size <= capacity &&
          core.Failure().ok()) {
        Copy(response, ByteView(core.response, size));
        return std::size_t{size};
      }
    }
  }
  Copy(response, ErrorResponse(refusal));
  return kTpmHeaderSize;
}

void LibtpmsEngine::Cancel() { (void)svsm_TPMLIB_CancelCommand(); }

BufferSizes LibtpmsEngine::buffer_sizes() const { return core_->nvram.buffer_sizes(); }

Result<BufferSizes> LibtpmsEngine::SetBufferSize(std::size_t wanted) {
  if (core_->powered) return Status(Code::kFailedPrecondition, Source::kVtpm);
  return core_->nvram.SetBufferSize(wanted);
}

Result<std::size_t> LibtpmsEngine::GetState(StateKind kind, ByteSpan out) {
  Core& core = *core_;
  if (!core.powered && kind == StateKind::kVolatile) return NoPower();
  if (!core.powered) return core.nvram.Read(kind, out);
  LibtpmsBuffer blob;
  const TPM_RESULT result = svsm_TPMLIB_GetState(StateType(kind), &blob.data, &blob.size);
  if (result == TPM_RETRY || (result == TPM_SUCCESS && blob.size == 0)) {
    return Status(Code::kNotFound, Source::kVtpm);
  }
  if (result != TPM_SUCCESS) return Internal(result);
  if (out.size() < blob.size) {
    Fill(out, 0);
    return Status(Code::kBufferTooSmall, Source::kVtpm, blob.size);
  }
  Copy(out, blob.view());
  return std::size_t{blob.size};
}

Status LibtpmsEngine::SetState(StateKind kind, ByteView blob) {
  if (core_->powered) return Status(Code::kFailedPrecondition, Source::kVtpm);
  core_->nvram.Begin();
  const TPM_RESULT result =
      svsm_TPMLIB_SetState(StateType(kind), blob.data(), static_cast<std::uint32_t>(blob.size()));
  if (result == TPM_SUCCESS) {
    core_->nvram.LaidIn(kind);
    return OkStatus();
  }
  core_->nvram.DropLaidIn();
  return Status(Code::kMalformed, Source::kVtpm);
}

StateChange LibtpmsEngine::TakeStateChange() { return core_->nvram.TakeStateChange(); }

Status LibtpmsEngine::StoreVolatile() {
  if (!core_->powered) return NoPower();
  LibtpmsBuffer blob;
  const TPM_RESULT result = svsm_TPMLIB_VolatileAll_Store(&blob.data, &blob.size);
  if (result != TPM_SUCCESS) return Internal(result);
  return core_->nvram.Write(StateKind::kVolatile, blob.view());
}

Status LibtpmsEngine::HashStart() {
  if (!core_->powered) return NoPower();
  core_->nvram.set_locality(kMaxLocality);
  const TPM_RESULT result = svsm_TPM_IO_Hash_Start();
  return result == TPM_SUCCESS ? core_->Failure() : Internal(result);
}

Status LibtpmsEngine::HashData(ByteView data) {
  if (!core_->powered) return NoPower();
  const TPM_RESULT result =
      svsm_TPM_IO_Hash_Data(data.data(), static_cast<std::uint32_t>(data.size()));
  return result == TPM_SUCCESS ? core_->Failure() : Internal(result);
}

Status LibtpmsEngine::HashEnd() {
  if (!core_->powered) return NoPower();
  const TPM_RESULT result = svsm_TPM_IO_Hash_End();
  return result == TPM_SUCCESS ? core_->Failure() : Internal(result);
}

Result<bool> LibtpmsEngine::TpmEstablished() {
  if (!core_->powered) return NoPower();
  TPM_BOOL established = 0;
  const TPM_RESULT result = svsm_TPM_IO_TpmEstablished_Get(&established);
  if (result != TPM_SUCCESS) return Internal(result);
  return established != 0;
}

Status LibtpmsEngine::ResetTpmEstablished(std::uint8_t locality) {
  if (!core_->powered) return NoPower();
  if (locality != 3 && locality != 4) return Status(Code::kPermissionDenied, Source::kVtpm);
  core_->nvram.set_locality(locality);
  const TPM_RESULT result = svsm_TPM_IO_TpmEstablished_Reset();
  return result == TPM_SUCCESS ? core_->Failure() : Internal(result);
}

Status LibtpmsEngine::failure() const { return core_->Failure(); }

std::string LibtpmsEngine::Info(std::uint32_t flags) const {
  char* const text = svsm_TPMLIB_GetInfo(static_cast<TPMLIB_InfoFlags>(
      flags & (TPMLIB_INFO_TPMSPECIFICATION | TPMLIB_INFO_TPMATTRIBUTES)));
  std::string info = text != nullptr ? text : "{}";
  std::free(text);
  return info;
}

}  // namespace svsm::vtpm
