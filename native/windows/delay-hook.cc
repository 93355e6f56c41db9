// The addon imports node.exe by delay load: a host of another name (Electron, a renamed node) is found here. Source: Win32 "Delay-load helper function".
#include "windows/win32.h"

#include <cstring>

#include <delayimp.h>

static FARPROC WINAPI FindHost(unsigned event, PDelayLoadInfo info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  HMODULE shared = GetModuleHandleW(L"node.dll");
  return reinterpret_cast<FARPROC>(shared != nullptr ? shared : GetModuleHandleW(nullptr));
}

extern "C" {
PfnDliHook __pfnDliNotifyHook2 = FindHost;
}
