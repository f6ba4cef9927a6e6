#include "sim/folder.h"

#include <filesystem>
#include <system_error>

namespace svsm::sim {

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return OkStatus();
  const Code code =
      error == std::errc::permission_denied ? Code::kPermissionDenied : Code::kIoError;
  return Status(code, Source::kSystem, static_cast<std::uint32_t>(error.value()));
}

}  // namespace svsm::sim
