// Opening beneath a directory, name by name: NtCreateFile with a root directory and FILE_OPEN_REPARSE_POINT, so that no junction or link leads elsewhere,
// whoever puts one there meanwhile. Descriptors are Node's: libuv's uv_get_osfhandle and uv_open_osfhandle, which node.exe exports.
#include "windows/files.h"

#include <algorithm>

#include "windows/nt.h"

namespace stratabox {
namespace {

struct IoStatus {
  void* status;
  ULONG_PTR information;
};

constexpr ULONG kSynchronous = 0x20;       // FILE_SYNCHRONOUS_IO_NONALERT
constexpr ULONG kBackupIntent = 0x4000;    // FILE_OPEN_FOR_BACKUP_INTENT
constexpr ULONG kReparsePoint = 0x200000;  // FILE_OPEN_REPARSE_POINT
constexpr ULONG kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
constexpr Status kUnsuccessful = static_cast<Status>(0xC0000001);
constexpr Status kReparseEncountered = static_cast<Status>(0xC000050B);
constexpr size_t kNameMax = 255;

using CreateFile = Status(WINAPI*)(HANDLE*, ACCESS_MASK, ObjectAttributes*, IoStatus*, void*, ULONG, ULONG, ULONG, ULONG, void*, ULONG);
using SetFile = Status(WINAPI*)(HANDLE, IoStatus*, const void*, ULONG, int);

/** libuv's functions are in the program, under whatever name it runs. */
template <typename Function>
Function OfHost(const char* name) {
  HMODULE shared = GetModuleHandleW(L"node.dll");
  return reinterpret_cast<Function>(reinterpret_cast<void*>(GetProcAddress(shared != nullptr ? shared : GetModuleHandleW(nullptr), name)));
}

Status OpenOne(HANDLE base, const std::wstring& name, const OpenHow& how, Owned* opened) {
  static const auto create = Optional<CreateFile>(L"ntdll.dll", "NtCreateFile");
  if (create == nullptr) return kUnsuccessful;
  UnicodeString text{static_cast<USHORT>(name.size() * sizeof(wchar_t)), static_cast<USHORT>(name.size() * sizeof(wchar_t)), name.c_str()};
  ObjectAttributes attributes{sizeof(attributes), base, &text, kCaseInsensitive, nullptr, nullptr};
  IoStatus io{};
  HANDLE file = nullptr;
  Status status = create(&file, how.access | SYNCHRONIZE, &attributes, &io, nullptr, how.attributes, kShareAll, how.disposition,
                         how.options | kSynchronous | kBackupIntent | kReparsePoint, nullptr, 0);
  if (status >= 0) *opened = Owned(file);
  return status;
}

/** A colon names a stream, the rest is forbidden, and Win32 drops dots and spaces at the end. */
bool IsWin32Name(const std::wstring& name) {
  if (name.back() == L'.' || name.back() == L' ') return false;
  for (wchar_t unit : name) {
    if (unit < 32 || wcschr(L"<>:\"|?*\\/", unit) != nullptr) return false;
  }
  return true;
}

/** CON, NUL, COM1.txt … are devices to Win32, with whatever extension. */
bool IsDevice(const std::wstring& name) {
  std::wstring stem = name.substr(0, name.find(L'.'));
  while (!stem.empty() && stem.back() == L' ') stem.pop_back();
  for (const wchar_t* device : {L"CON", L"PRN", L"AUX", L"NUL", L"CONIN$", L"CONOUT$"}) {
    if (_wcsicmp(stem.c_str(), device) == 0) return true;
  }
  if (stem.size() != 4 || (_wcsnicmp(stem.c_str(), L"COM", 3) != 0 && _wcsnicmp(stem.c_str(), L"LPT", 3) != 0)) return false;
  return wcschr(L"0123456789\u00b9\u00b2\u00b3", stem[3]) != nullptr;
}

int ErrnoOf(Status status) {
  switch (static_cast<unsigned long>(status)) {
    case 0xC0000034: case 0xC000003A: case 0xC000000F: case 0xC0000056: return kNoEntry;
    case 0xC0000035: return kExists;
    case 0xC0000022: case 0xC0000121: return kAccess;
    case 0xC0000043: return kBusy;
    case 0xC00000BA: return kIsDirectory;
    case 0xC0000103: return kNotDirectory;
    case 0xC0000101: return kNotEmpty;
    case 0xC000050B: return kLoop;
    case 0xC0000033: case 0xC000003B: case 0xC000000D: return kInvalid;
    case 0xC000007F: return kNoSpace;
    case 0xC00000D4: return kCrossDevice;
    case 0xC0000010: case 0xC00000BB: case 0xC0000002: return kNotSupported;
    case 0xC0000106: return kNameTooLong;
    case 0xC00000A2: return kReadOnly;
    case 0xC0000265: return kManyLinks;
    case 0xC0000061: return kPerm;
    case 0xC0000008: return kBadFile;
    default: return kIo;
  }
}

}  // namespace

// WTF-8: UTF-8 in which a lone surrogate has its own three bytes.
std::wstring WideFrom(std::span<const uint8_t> bytes) {
  std::wstring text;
  for (size_t at = 0; at < bytes.size();) {
    uint32_t first = bytes[at];
    size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || at + length > bytes.size()) return std::wstring(1, L'\0');
    uint32_t point = length == 1 ? first : first & (0x7F >> length);
    for (size_t k = 1; k < length; k++) point = point << 6 | (bytes[at + k] & 0x3F);
    at += length;
    if (point < 0x10000) {
      text += static_cast<wchar_t>(point);
    } else {
      text += static_cast<wchar_t>(0xD7C0 + (point >> 10));
      text += static_cast<wchar_t>(0xDC00 + (point & 0x3FF));
    }
  }
  return text;
}

Napi::Value BytesFrom(Napi::Env env, const wchar_t* text, size_t length) {
  std::vector<uint8_t> bytes;
  auto put = [&](uint32_t byte) { bytes.push_back(static_cast<uint8_t>(byte)); };
  for (size_t at = 0; at < length; at++) {
    uint32_t point = text[at];
    bool is_pair = point >= 0xD800 && point < 0xDC00 && at + 1 < length && text[at + 1] >= 0xDC00 && text[at + 1] < 0xE000;
    if (is_pair) point = 0x10000 + ((point - 0xD800) << 10) + (text[++at] - 0xDC00u);
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0 | point >> 6), put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
      put(0xE0 | point >> 12), put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    } else {
      put(0xF0 | point >> 18), put(0x80 | (point >> 12 & 0x3F)), put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    }
  }
  return BytesValue(env, bytes.data(), bytes.size());
}

HANDLE FileCall::Descriptor(size_t at) const {
  static const auto handle = OfHost<HANDLE (*)(int)>("uv_get_osfhandle");
  if (handle == nullptr) Missing();
  HANDLE file = handle(static_cast<int>(Unsigned(at)));
  if (file == INVALID_HANDLE_VALUE) FailErrno(kBadFile);
  return file;
}

Napi::Value FileCall::DescriptorValue(Owned handle) const {
  static const auto open = OfHost<int (*)(HANDLE)>("uv_open_osfhandle");
  if (open == nullptr) Missing();
  int fd = open(handle.get());
  if (fd < 0) FailErrno(kManyFiles);
  handle.release();
  return Napi::Number::New(Env(), fd);
}

std::wstring FileCall::HostPath(size_t at) const {
  std::wstring path = WideFrom(Bytes(at));
  if (path.empty() || path.find(L'\0') != std::wstring::npos) FailErrno(kInvalid);
  return path;
}

std::vector<std::wstring> FileCall::Names(size_t at) const {
  std::wstring path = WideFrom(Bytes(at));
  std::vector<std::wstring> names;
  for (size_t from = 0; from <= path.size();) {
    size_t to = std::min(path.find(L'/', from), path.size());
    std::wstring name = path.substr(from, to - from);
    from = to + 1;
    if (name.empty() || name == L".") continue;
    if (name.size() > kNameMax) FailErrno(kNameTooLong);
    if (name == L".." || name.find_first_of(std::wstring(L":\\\0", 3)) != std::wstring::npos) FailErrno(kInvalid);
    names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::wstring> FileCall::NewNames(size_t at) const {
  std::vector<std::wstring> names = Names(at);
  for (const std::wstring& name : names) {
    if (!IsWin32Name(name) || IsDevice(name)) FailErrno(kInvalid);
  }
  return names;
}

int64_t FileCall::Wide(size_t at) const {
  bool lossless = false;
  return Argument(at).As<Napi::BigInt>().Int64Value(&lossless);
}

void FileCall::FailErrno(int error) const {
  Napi::Error result = Napi::Error::New(Env(), std::string(function()) + ": errno " + std::to_string(error));
  result.Value().Set("errno", Napi::Number::New(Env(), error));
  result.Value().Set("isErrno", Napi::Boolean::New(Env(), true));
  result.Value().Set("syscall", Napi::String::New(Env(), function()));
  throw result;
}

void FileCall::FailWith(Status status) const { FailErrno(ErrnoOf(status)); }

Status AttributesOf(HANDLE file, DWORD* attributes) {
  FILE_BASIC_INFO info{};
  if (!GetFileInformationByHandleEx(file, FileBasicInfo, &info, sizeof(info))) return kUnsuccessful;
  *attributes = info.FileAttributes;
  return 0;
}

Status OpenBelow(HANDLE base, const std::vector<std::wstring>& names, const OpenHow& how, Owned* opened) {
  Owned parent;
  Status status = OpenParent(base, names, &parent);
  if (status < 0) return status;
  // An empty name is the directory itself, opened once more.
  return OpenOne(parent ? parent.get() : base, names.empty() ? std::wstring() : names.back(), how, opened);
}

Status OpenParent(HANDLE base, const std::vector<std::wstring>& names, Owned* parent) {
  for (size_t k = 0; k + 1 < names.size(); k++) {
    Owned next;
    Status status = OpenOne(*parent ? parent->get() : base, names[k], {FILE_READ_ATTRIBUTES | FILE_TRAVERSE, 1, kDirectoryFile, 0}, &next);
    if (status < 0) return status;
    DWORD attributes = 0;
    status = AttributesOf(next.get(), &attributes);
    if (status < 0) return status;
    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) return kReparseEncountered;
    *parent = std::move(next);
  }
  return 0;
}

Status SetInformation(HANDLE file, const void* information, size_t size, int information_class) {
  static const auto set = Optional<SetFile>(L"ntdll.dll", "NtSetInformationFile");
  if (set == nullptr) return kUnsuccessful;
  IoStatus io{};
  return set(file, &io, information, static_cast<ULONG>(size), information_class);
}

}  // namespace stratabox
