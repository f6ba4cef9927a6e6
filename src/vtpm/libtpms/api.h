// The functions of our private libtpms, under the names that they have there
// (private_archive.cmake): a libtpms of the host's, static or shared, can live in the same process.
#ifndef SVSM_SRC_VTPM_LIBTPMS_API_H_
#define SVSM_SRC_VTPM_LIBTPMS_API_H_

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>
#include <libtpms/tpm_nvfilename.h>
#include <libtpms/tpm_tis.h>

extern "C" {
extern decltype(TPMLIB_CancelCommand) svsm_TPMLIB_CancelCommand;
extern decltype(TPMLIB_ChooseTPMVersion) svsm_TPMLIB_ChooseTPMVersion;
extern decltype(TPMLIB_GetInfo) svsm_TPMLIB_GetInfo;
extern decltype(TPMLIB_GetState) svsm_TPMLIB_GetState;
extern decltype(TPMLIB_MainInit) svsm_TPMLIB_MainInit;
extern decltype(TPMLIB_Process) svsm_TPMLIB_Process;
extern decltype(TPMLIB_RegisterCallbacks) svsm_TPMLIB_RegisterCallbacks;
extern decltype(TPMLIB_SetBufferSize) svsm_TPMLIB_SetBufferSize;
extern decltype(TPMLIB_SetState) svsm_TPMLIB_SetState;
extern decltype(TPMLIB_Terminate) svsm_TPMLIB_Terminate;
extern decltype(TPMLIB_ValidateState) svsm_TPMLIB_ValidateState;
extern decltype(TPMLIB_VolatileAll_Store) svsm_TPMLIB_VolatileAll_Store;
extern decltype(TPM_IO_Hash_Data) svsm_TPM_IO_Hash_Data;
extern decltype(TPM_IO_Hash_End) svsm_TPM_IO_Hash_End;
extern decltype(TPM_IO_Hash_Start) svsm_TPM_IO_Hash_Start;
extern decltype(TPM_IO_TpmEstablished_Get) svsm_TPM_IO_TpmEstablished_Get;
extern decltype(TPM_IO_TpmEstablished_Reset) svsm_TPM_IO_TpmEstablished_Reset;
}

#endif  // SVSM_SRC_VTPM_LIBTPMS_API_H_
