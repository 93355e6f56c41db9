// The program that the Windows suite runs: it tells what it was started with, and does what it is told.
#ifndef UNICODE
#define UNICODE
#endif
#include <windows.h>
// After windows.h, which they need.
#include <sddl.h>
#include <shellapi.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void PrintHex(const wchar_t* text) {
  for (; *text != 0; text++) printf("%04x", static_cast<unsigned>(*text));
  printf("\n");
}

// Arguments as CommandLineToArgvW has them, one a line, each unit in four hexadecimal digits.
int Args() {
  int count = 0;
  wchar_t** argv = CommandLineToArgvW(GetCommandLineW(), &count);
  for (int k = 2; k < count; k++) PrintHex(argv[k]);
  return 0;
}

int Env() {
  wchar_t* block = GetEnvironmentStringsW();
  for (wchar_t* at = block; *at != 0; at += wcslen(at) + 1) printf("%ls\n", at);
  return 0;
}

int Echo() {
  char bytes[4096];
  size_t size;
  while ((size = fread(bytes, 1, sizeof(bytes), stdin)) > 0) fwrite(bytes, 1, size, stdout);
  return 0;
}

int Desktop() {
  wchar_t name[256];
  DWORD size = 0;
  GetUserObjectInformationW(GetProcessWindowStation(), UOI_NAME, name, sizeof(name), &size);
  printf("%ls", name);
  GetUserObjectInformationW(GetThreadDesktop(GetCurrentThreadId()), UOI_NAME, name, sizeof(name), &size);
  printf("\\%ls\n", name);
  return 0;
}

// Arguments as the C runtime has them, in the same form.
int Argv(int argc, wchar_t** argv) {
  for (int k = 2; k < argc; k++) PrintHex(argv[k]);
  return 0;
}

// Whether a number is a handle of this process's, and if so sets the event behind it.
int SetByHandle(const wchar_t* number) {
  HANDLE handle = reinterpret_cast<HANDLE>(static_cast<intptr_t>(_wtoi64(number)));
  DWORD flags = 0;
  bool is_there = GetHandleInformation(handle, &flags) != 0;
  printf("%s\n", !is_there ? "none" : SetEvent(handle) ? "set" : "other");
  return 0;
}

// Opens an event by its path in the object manager's namespace, or by a name as Win32 looks it up.
int OpenByName(const std::wstring& name) {
  if (name.empty() || name[0] != L'\\') {
    HANDLE event = OpenEventW(EVENT_MODIFY_STATE, FALSE, name.c_str());
    printf("%s\n", event == nullptr ? "none" : "opened");
    return 0;
  }
  struct UnicodeString {
    USHORT length, capacity;
    const wchar_t* buffer;
  } text{static_cast<USHORT>(name.size() * 2), static_cast<USHORT>(name.size() * 2), name.c_str()};
  struct ObjectAttributes {
    ULONG size;
    HANDLE root;
    UnicodeString* name;
    ULONG flags;
    void* security;
    void* quality;
  } attributes{sizeof(attributes), nullptr, &text, 0x40, nullptr, nullptr};
  using Open = LONG(WINAPI*)(HANDLE*, ACCESS_MASK, ObjectAttributes*);
  auto open = reinterpret_cast<Open>(reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtOpenEvent")));
  HANDLE event = nullptr;
  LONG status = open(&event, EVENT_MODIFY_STATE, &attributes);
  printf("%s\n", status < 0 ? "none" : SetEvent(event) ? "set" : "other");
  return 0;
}

// Starts itself, asleep, and sleeps as well; `flags` for CreateProcess.
int Tree(DWORD flags) {
  wchar_t self[MAX_PATH];
  GetModuleFileNameW(nullptr, self, MAX_PATH);
  std::wstring line = L"\"" + std::wstring(self) + L"\" sleep 60000";
  STARTUPINFOW startup{};
  startup.cb = sizeof(startup);
  PROCESS_INFORMATION process{};
  if (!CreateProcessW(nullptr, line.data(), nullptr, nullptr, FALSE, flags, nullptr, nullptr, &startup, &process)) {
    printf("error %lu\n", GetLastError());
    return 3;
  }
  printf("%lu %lu\n", GetCurrentProcessId(), process.dwProcessId);
  fflush(stdout);
  Sleep(60000);
  return 0;
}

int Sddl(const wchar_t* text) {
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  ULONG size = 0;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &descriptor, &size)) {
    printf("error %lu\n", GetLastError());
    return 0;
  }
  for (ULONG k = 0; k < size; k++) printf("%02x", static_cast<unsigned char*>(descriptor)[k]);
  printf("\n");
  return 0;
}

HKEY Root(const std::wstring& path) { return path.rfind(L"HKCU", 0) == 0 ? HKEY_CURRENT_USER : HKEY_LOCAL_MACHINE; }

int RegRead(const std::wstring& path, const wchar_t* name) {
  wchar_t text[512];
  DWORD size = sizeof(text);
  LONG error = RegGetValueW(Root(path), path.substr(5).c_str(), name, RRF_RT_REG_SZ, nullptr, text, &size);
  if (error != 0) printf("error %ld\n", error);
  else printf("%ls\n", text);
  return 0;
}

int RegWrite(const std::wstring& path, const wchar_t* name, const wchar_t* text) {
  HKEY key = nullptr;
  LONG error = RegCreateKeyExW(Root(path), path.substr(5).c_str(), 0, nullptr, 0, KEY_ALL_ACCESS, nullptr, &key, nullptr);
  if (error == 0) error = RegSetValueExW(key, name, 0, REG_SZ, reinterpret_cast<const BYTE*>(text), static_cast<DWORD>((wcslen(text) + 1) * 2));
  printf("%ld\n", error);
  return 0;
}

int RegDelete(const std::wstring& path) {
  printf("%ld\n", RegDeleteTreeW(Root(path), path.substr(5).c_str()));
  return 0;
}

}  // namespace

int wmain(int argc, wchar_t** argv) {
  std::wstring what = argc > 1 ? argv[1] : L"";
  if (what == L"args") return Args();
  if (what == L"argv") return Argv(argc, argv);
  if (what == L"env") return Env();
  if (what == L"handle" && argc > 2) return SetByHandle(argv[2]);
  if (what == L"event" && argc > 2) return OpenByName(argv[2]);
  if (what == L"echo") return Echo();
  if (what == L"desktop") return Desktop();
  if (what == L"tree") return Tree(argc > 2 ? static_cast<DWORD>(_wtoi(argv[2])) : 0);
  if (what == L"sleep" && argc > 2) return Sleep(static_cast<DWORD>(_wtoi(argv[2]))), 0;
  if (what == L"exit" && argc > 2) ExitProcess(static_cast<UINT>(_wtoi64(argv[2])));
  if (what == L"both") return fputs("out", stdout), fputs("err", stderr), 0;
  if (what == L"sddl" && argc > 2) return Sddl(argv[2]);
  if (what == L"reg-read" && argc > 3) return RegRead(argv[2], argv[3]);
  if (what == L"reg-write" && argc > 4) return RegWrite(argv[2], argv[3], argv[4]);
  if (what == L"reg-delete" && argc > 2) return RegDelete(argv[2]);
  return 99;
}
