# Makes our private copy of libtpms.a; run as a script (cmake -P) with LIBTPMS, OUT, WORK_DIR, LINKER, OBJCOPY, AR.
#
# One object of all of libtpms, in which
#   - the calls of OpenSSL that are random, or that decide where randomness comes from, go to redirect.cc;
#   - free() goes there, too, so that what it gives back of a stored state is wiped;
#   - the functions that the engine calls are renamed, see api.h;
#   - every other definition is local, so that libtpms's many short global names meet nobody else's.

set(redirected RAND_bytes RAND_add EC_KEY_new EC_GROUP_new_curve_GFp RSA_generate_key_ex EVP_PKEY_CTX_new DES_random_key
  rand srand free)
# Its messages go nowhere: nothing of a command reaches the host's standard error.
set(silenced dprintf vdprintf __dprintf_chk __vdprintf_chk)
set(api TPMLIB_CancelCommand TPMLIB_ChooseTPMVersion TPMLIB_GetInfo TPMLIB_GetState TPMLIB_MainInit TPMLIB_Process
  TPMLIB_RegisterCallbacks TPMLIB_SetBufferSize TPMLIB_SetState TPMLIB_Terminate TPMLIB_ValidateState
  TPMLIB_VolatileAll_Store TPM_IO_Hash_Data TPM_IO_Hash_End TPM_IO_Hash_Start TPM_IO_TpmEstablished_Get
  TPM_IO_TpmEstablished_Reset)

file(MAKE_DIRECTORY "${WORK_DIR}")
set(renames "")
foreach(name IN LISTS redirected)
  string(APPEND renames "${name} svsm_libtpms_${name}\n")
endforeach()
foreach(name IN LISTS silenced)
  string(REGEX REPLACE "^__" "" plain "${name}")
  string(APPEND renames "${name} svsm_libtpms_${plain}\n")
endforeach()
foreach(name IN LISTS api)
  string(APPEND renames "${name} svsm_${name}\n")
endforeach()
file(WRITE "${WORK_DIR}/renames" "${renames}")
list(JOIN api "\n" keep)
file(WRITE "${WORK_DIR}/keep" "${keep}\n")

set(object "${WORK_DIR}/libtpms.o")
execute_process(COMMAND "${LINKER}" -r --whole-archive "${LIBTPMS}" -o "${object}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${OBJCOPY}" "--keep-global-symbols=${WORK_DIR}/keep" "${object}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${OBJCOPY}" "--redefine-syms=${WORK_DIR}/renames" "${object}" COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE "${OUT}")
execute_process(COMMAND "${AR}" rcs "${OUT}" "${object}" COMMAND_ERROR_IS_FATAL ANY)
