// What each room of the Windows addon adds to its exports.
#pragma once
#include <napi.h>

namespace stratabox {

void InitJob(Napi::Env env, Napi::Object exports);
void InitPort(Napi::Env env, Napi::Object exports);
void InitProcess(Napi::Env env, Napi::Object exports);
void InitToken(Napi::Env env, Napi::Object exports);
void InitContainer(Napi::Env env, Napi::Object exports);
void InitDesktop(Napi::Env env, Napi::Object exports);
void InitObjects(Napi::Env env, Napi::Object exports);
void InitFileTree(Napi::Env env, Napi::Object exports);
void InitFileInode(Napi::Env env, Napi::Object exports);
void InitRegistry(Napi::Env env, Napi::Object exports);
void InitSystem(Napi::Env env, Napi::Object exports);

}  // namespace stratabox
