/* whatsapp.h: the number that the tests of WhatsApp speak for, and its customer. */
#ifndef KF_TESTS_WHATSAPP_H
#define KF_TESTS_WHATSAPP_H

#define SECRET "kefud-wa-app-secret-01"
#define NUMBER "209715200000002"
#define USER   "US.31415926535897932384"
#define CONV   "01936b2e-0000-7000-8000-000000000001"
#define SETTINGS                                                                                                    \
    "{\"number\":\"" NUMBER "\",\"token\":\"EAAtest-token\",\"app_secrets\":[\"old-secret\",\"" SECRET "\"],"       \
    "\"verify_token\":\"kefud-verify-01\",\"url\":\"https://graph.example/\",\"template\":\"about_your_question\"," \
    "\"template_language\":\"et\",\"list_button\":\"Vali\",\"media_hosts\":[\"lookaside.example\",\"files.example:8443\"]}"
#define NOW_MS 1789990100000
/* An errand within the window. */
#define OPEN .handle = "wamid.IN", .handle_expires_ms = NOW_MS + 1
/* As Meta refuses. */
#define ERROR(code) "{\"error\":{\"message\":\"(#" #code ") words\",\"code\":" #code ",\"error_data\":{\"details\":\"more words\"}}}"

#endif
