#include "vtpm/libtpms/nvram.h"

#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "svsm/vtpm/libtpms_engine.h"
#include "vtpm/libtpms/api.h"
#include "vtpm/libtpms/rand_provider.h"
#include "vtpm/libtpms/redirect.h"
#include "vtpm/libtpms/state_change.h"

namespace svsm::vtpm {
namespace {

// libtpms's callbacks have no argument of ours.
Nvram* g_nvram = nullptr;

const char* StoreName(StateKind kind) {
  switch (kind) {
    case StateKind::kPermanent:
      return kLibtpmsState.permanent;
    case StateKind::kVolatile:
      return kLibtpmsState.volatile_state;
    case StateKind::kSave:
      break;
  }
  return kLibtpmsState.save;
}

std::optional<StateKind> KindOf(std::string_view libtpms_name) {
  if (libtpms_name == TPM_PERMANENT_ALL_NAME) return StateKind::kPermanent;
  if (libtpms_name == TPM_VOLATILESTATE_NAME) return StateKind::kVolatile;
  if (libtpms_name == TPM_SAVESTATE_NAME) return StateKind::kSave;
  return std::nullopt;
}

}  // namespace

struct NvramCallbacks {
  static TPM_RESULT Init() { return TPM_SUCCESS; }

  static TPM_RESULT Load(unsigned char** data, std::uint32_t* length, std::uint32_t,
                         const char* name) {
    *data = nullptr;
    *length = 0;
    const std::optional<StateKind> kind = KindOf(name);
    if (!kind.has_value()) return TPM_FAIL;
    const Result<std::size_t> size = g_nvram->store_.Size(StoreName(*kind));
    if (size.status().code() == Code::kNotFound) return TPM_RETRY;
    if (!size.ok()) return Report(size.status());
    // libtpms frees it.
    auto* const blob = static_cast<unsigned char*>(std::malloc(*size + 1));
    if (blob == nullptr) return Report(Status(Code::kOutOfMemory, Source::kVtpm));
    const Result<std::size_t> got = g_nvram->store_.Read(StoreName(*kind), ByteSpan(blob, *size));
    if (!got.ok()) {
      std::free(blob);
      return Report(got.status());
    }
    if (*kind == StateKind::kPermanent) g_nvram->Remember(ByteView(blob, *got));
    WipeWhenFreed(blob, *got);
    *data = blob;
    *length = static_cast<std::uint32_t>(*got);
    g_nvram->has_loaded_ = true;
    return TPM_SUCCESS;
  }

  static TPM_RESULT Store(const unsigned char* data, std::uint32_t length, std::uint32_t,
                          const char* name) {
    const std::optional<StateKind> kind = KindOf(name);
    if (!kind.has_value()) return TPM_FAIL;
    WipeWhenFreed(data, length);
    return g_nvram->Write(*kind, ByteView(data, length)).ok() ? TPM_SUCCESS : TPM_FAIL;
  }

  static TPM_RESULT Delete(std::uint32_t, const char* name, TPM_BOOL must_exist) {
    const std::optional<StateKind> kind = KindOf(name);
    if (!kind.has_value()) return TPM_FAIL;
    if (must_exist != 0 &&
        g_nvram->store_.Size(StoreName(*kind)).status().code() == Code::kNotFound) {
      return TPM_FAIL;
    }
    return g_nvram->Remove(*kind).ok() ? TPM_SUCCESS : TPM_FAIL;
  }

  static TPM_RESULT GetLocality(TPM_MODIFIER_INDICATOR* locality, std::uint32_t) {
    *locality = g_nvram->locality_;
    return TPM_SUCCESS;
  }

  static TPM_RESULT GetPhysicalPresence(TPM_BOOL* present, std::uint32_t) {
    *present = 0;
    return TPM_SUCCESS;
  }

 private:
  static TPM_RESULT Report(Status status) {
    (void)g_nvram->Keep(status);
    return TPM_FAIL;
  }
};

Nvram::~Nvram() {
  Wipe(permanent_);
  if (g_nvram == this) g_nvram = nullptr;
}

Status Nvram::Register() {
  g_nvram = this;
  libtpms_callbacks callbacks = {};
  callbacks.sizeOfStruct = sizeof(callbacks);
  callbacks.tpm_nvram_init = &NvramCallbacks::Init;
  callbacks.tpm_nvram_loaddata = &NvramCallbacks::Load;
  callbacks.tpm_nvram_storedata = &NvramCallbacks::Store;
  callbacks.tpm_nvram_deletename = &NvramCallbacks::Delete;
  callbacks.tpm_io_init = &NvramCallbacks::Init;
  callbacks.tpm_io_getlocality = &NvramCallbacks::GetLocality;
  callbacks.tpm_io_getphysicalpresence = &NvramCallbacks::GetPhysicalPresence;
  const TPM_RESULT result = svsm_TPMLIB_RegisterCallbacks(&callbacks);
  if (result != TPM_SUCCESS) return Status(Code::kInternal, Source::kLibtpms, result);
  SetBufferSize(kMaxTpmBuffer);
  return OkStatus();
}

void Nvram::Begin() {
  failure_ = OkStatus();
  has_loaded_ = false;
}

Status Nvram::CheckPermanent() {
  if (laid_in_permanent_) return OkStatus();  // libtpms has seen it
  const Result<std::size_t> size = store_.Size(StoreName(StateKind::kPermanent));
  if (size.status().code() == Code::kNotFound) return OkStatus();
  if (!size.ok()) return size.status();
  const TPM_RESULT result = svsm_TPMLIB_ValidateState(TPMLIB_STATE_PERMANENT, 0);
  if (!failure_.ok()) return failure_;
  return result == TPM_SUCCESS ? OkStatus() : Status(Code::kDataLoss, Source::kVtpm, result);
}

Status Nvram::FinishPowerOn(StoredVolatile after) {
  if (laid_in_permanent_ || !has_loaded_) {
    unsigned char* data = nullptr;
    std::uint32_t size = 0;
    const TPM_RESULT result = svsm_TPMLIB_GetState(TPMLIB_STATE_PERMANENT, &data, &size);
    if (result != TPM_SUCCESS) return Status(Code::kInternal, Source::kLibtpms, result);
    const Status status = Write(StateKind::kPermanent, ByteView(data, size));
    Wipe(ByteSpan(data, size));
    std::free(data);
    SVSM_TRY(status);
  }
  laid_in_permanent_ = false;
  return after == StoredVolatile::kDelete ? Remove(StateKind::kVolatile) : OkStatus();
}

void Nvram::LaidIn(StateKind kind) {
  if (kind == StateKind::kPermanent) laid_in_permanent_ = true;
}

// libtpms itself drops every blob that was laid in when one is refused.
void Nvram::DropLaidIn() { laid_in_permanent_ = false; }

BufferSizes Nvram::SetBufferSize(std::size_t wanted) {
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  // To libtpms 0 is a question.
  if (wanted == 0) wanted = 1;
  if (wanted > kMaxTpmBuffer) wanted = kMaxTpmBuffer;
  sizes_.current = svsm_TPMLIB_SetBufferSize(static_cast<std::uint32_t>(wanted), &min, &max);
  sizes_.min = min;
  sizes_.max = max;
  return sizes_;
}

Result<std::size_t> Nvram::Read(StateKind kind, ByteSpan out) {
  return store_.Read(StoreName(kind), out);
}

Status Nvram::Write(StateKind kind, ByteView blob) {
  // After a failure libtpms's memory and the store disagree, and numbers that a broken Rng gave are
  // no keys.
  if (!failure_.ok()) return failure_;
  if (!RngFailure().ok()) return RngFailure();
  if (kind == StateKind::kPermanent) return Keep(WritePermanent(blob));
  return Keep(store_.Write(StoreName(kind), blob));
}

Status Nvram::WritePermanent(ByteView blob) {
  const Status status = store_.Write(StoreName(StateKind::kPermanent), blob);
  const StateChange change = status.ok() ? CompareStates(permanent_, blob) : StateChange::kMatters;
  if (change > change_) change_ = change;
  Remember(status.ok() ? blob : ByteView());
  return status;
}

void Nvram::Remember(ByteView permanent) {
  // The old bytes must not be left behind in memory that a larger copy gives back.
  Wipe(permanent_);
  permanent_.assign(permanent.begin(), permanent.end());
}

StateChange Nvram::TakeStateChange() { return std::exchange(change_, StateChange::kNone); }

Status Nvram::Remove(StateKind kind) {
  const Status status = store_.Remove(StoreName(kind));
  return status.code() == Code::kNotFound ? OkStatus() : Keep(status);
}

Status Nvram::Keep(Status status) {
  if (failure_.ok()) failure_ = status;
  return status;
}

}  // namespace svsm::vtpm
