import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { call } from "../api/client.ts";
import { session } from "../api/session.ts";
import { FailureNote } from "../parts/answer.tsx";
import classes from "./sign-in.module.css";

export function SignIn() {
  const queryClient = useQueryClient();
  const signIn = useMutation({
    mutationFn: (body: { account: string; password: string }) => call("signIn", { body }),
    onSuccess: (me) => queryClient.setQueryData(session.queryKey, me),
  });
  return (
    <main className={classes.page}>
      <form
        className={classes.card}
        onSubmit={(event) => {
          event.preventDefault();
          const fields = new FormData(event.currentTarget);
          signIn.mutate({ account: String(fields.get("account")).trim(), password: String(fields.get("password")) });
        }}
      >
        <img src="/icon.svg" width={40} height={40} alt="" />
        <h1>Sign in to Sensorloop</h1>
        <TextInput name="account" label="Account" autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus />
        <PasswordInput
          name="password"
          label="Password"
          autoComplete="current-password"
          required
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the password", tabIndex: 0 }}
        />
        {signIn.error !== null && <FailureNote error={signIn.error} />}
        <Button type="submit" loading={signIn.isPending} fullWidth>
          Sign in
        </Button>
        <p className={classes.hint}>
          The first account and its password were printed where Sensorloop was first started. More are added with{" "}
          <code>sensorloop user add</code>.
        </p>
      </form>
    </main>
  );
}
