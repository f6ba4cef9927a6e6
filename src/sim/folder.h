#ifndef SVSM_SIM_FOLDER_H_
#define SVSM_SIM_FOLDER_H_

#include <string>

#include "svsm/core/status.h"

namespace svsm::sim {

// Makes `folder` and its parents where they are missing. Errors: kPermissionDenied, kIoError
// (detail = errno).
Status MakeFolder(const std::string& folder);

}  // namespace svsm::sim

#endif  // SVSM_SIM_FOLDER_H_
