import type { Service } from "../../../lib/domain/api/overview.ts";
import { StatusBadge } from "./status.tsx";
import { measureText } from "./number-text.ts";
import { Ago } from "./when.tsx";
import classes from "./service-list.module.css";

export function ServiceList({ services }: { readonly services: readonly Service[] }) {
  return (
    <ul className={classes.list}>
      {services.map((service) => (
        <li key={service.name}>
          <div className={classes.line}>
            <strong>{service.name}</strong>
            <span className={classes.quiet}>
              {service.ok && service.latencyMs !== null ? (
                `${measureText(Number(service.latencyMs.toPrecision(2)))} ms`
              ) : (
                <>
                  since <Ago time={service.since} />
                </>
              )}
            </span>
            <StatusBadge state={service.ok ? "healthy" : "unreachable"} />
          </div>
          {service.message !== null && <p>{service.message}</p>}
          {service.remedy !== null && <p className={classes.quiet}>{service.remedy}</p>}
        </li>
      ))}
    </ul>
  );
}
