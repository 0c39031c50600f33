import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useParams } from "@tanstack/react-router";
import { Suspense } from "react";
import { session } from "../api/session.ts";
import { ApiFailure } from "../api/failure.ts";
import { SignIn } from "./sign-in.tsx";
import { Answer, Waiting } from "../parts/answer.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { Finder } from "./finder.tsx";
import { HealthDot } from "./health-dot.tsx";
import { useLiveUpdates } from "./live.ts";
import { crumbsOf } from "./places.ts";
import { Rail } from "./rail.tsx";
import classes from "./frame.module.css";

/** Everything around a page. Without a session the sign-in stands in its place, and the address stays. */
export function Frame() {
  const me = useQuery({ ...session, retry: (failures, error) => failures < 3 && !(error instanceof ApiFailure && error.status === 401) });
  if (me.error instanceof ApiFailure && me.error.status === 401) return <SignIn />;
  if (me.data === undefined) {
    return (
      <main className={classes.lone}>
        <Answer query={me}>{() => null}</Answer>
      </main>
    );
  }
  return <SignedIn />;
}

function SignedIn() {
  const { project, run } = useParams({ strict: false });
  const crumbs = crumbsOf(useLocation({ select: ({ pathname }) => pathname }));
  const stream = useLiveUpdates(project, run);
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#content">
        Skip to the page
      </a>
      <Rail project={project} />
      <header className={classes.top}>
        <nav aria-label="Breadcrumb" className={classes.crumbs}>
          <ol>
            {crumbs.map(({ text, href }) => (
              <li key={text}>
                {href === null ? (
                  <span aria-current="page">{text}</span>
                ) : (
                  <Link to={href} activeOptions={{ exact: true }}>
                    {text}
                  </Link>
                )}
              </li>
            ))}
          </ol>
        </nav>
        <Finder project={project} />
        <HealthDot stream={stream} />
        <AccountMenu />
      </header>
      <main id="content" className={classes.content} tabIndex={-1}>
        <Suspense fallback={<Waiting lines={6} />}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  );
}
