//! Which role may call what. What is not in the table nobody may call.

use crate::identity::{Identity, Role};

use Role::{Auditor, Enroller, Examiner, Operator, Searcher};

/// Roles by method.
const TABLE: &[(&str, &[Role])] = &[
    ("/whorl.v1.Gallery/Enroll", &[Enroller]),
    ("/whorl.v1.Gallery/EnrollStream", &[Enroller]),
    ("/whorl.v1.Gallery/GetEncounter", &[Enroller, Examiner]),
    ("/whorl.v1.Gallery/SetStatus", &[Enroller]),
    ("/whorl.v1.Gallery/Expunge", &[Enroller]),
    ("/whorl.v1.Gallery/Count", &Role::ALL),
    ("/whorl.v1.Gallery/ListPartitions", &Role::ALL),
    ("/whorl.v1.Search/Identify", &[Searcher, Examiner]),
    ("/whorl.v1.Search/IdentifyStream", &[Searcher, Examiner]),
    ("/whorl.v1.Search/Verify", &[Searcher, Examiner]),
    ("/whorl.v1.Search/Cancel", &[Searcher, Examiner]),
    ("/whorl.v1.Search/Replay", &[Examiner, Auditor]),
    ("/whorl.v1.Cards/List", &[Operator, Auditor]),
    ("/whorl.v1.Cards/Get", &[Operator, Auditor]),
    ("/whorl.v1.Cards/Drain", &[Operator]),
    ("/whorl.v1.Cards/Resume", &[Operator]),
    ("/whorl.v1.Cards/Reset", &[Operator]),
    ("/whorl.v1.Cards/SelfTest", &[Operator]),
    ("/whorl.v1.Cards/Watch", &[Operator]),
    ("/whorl.v1.Audit/Query", &[Auditor]),
    ("/whorl.v1.Audit/VerifyChain", &[Auditor]),
    ("/grpc.health.v1.Health/Check", &Role::ALL),
    ("/grpc.health.v1.Health/Watch", &Role::ALL),
    ("/grpc.health.v1.Health/List", &Role::ALL),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", &Role::ALL),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &Role::ALL),
];

/// The roles that may call `method`, given as `/package.Service/Method`; none for a method that is not in the table.
pub fn allowed(method: &str) -> &'static [Role] {
    TABLE.iter().find(|(name, _)| *name == method).map_or(&[], |(_, roles)| roles)
}

/// Whether somebody may call `method`.
pub fn may(identity: &Identity, method: &str) -> bool {
    allowed(method).iter().any(|role| identity.roles.contains(role))
}

/// The name of `method` in the table, for logs and metrics: a method from outside is any text.
pub fn known(method: &str) -> Option<&'static str> {
    TABLE.iter().find(|(name, _)| *name == method).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::DESCRIPTORS;
    use prost::Message;
    use std::collections::BTreeSet;

    #[test]
    fn every_method_of_the_protocol_has_a_decision() {
        let files = prost_types::FileDescriptorSet::decode(DESCRIPTORS).expect("the descriptors are whole");
        let services = files.file.iter().flat_map(|file| file.service.iter().map(move |service| (file, service)));
        let methods: BTreeSet<String> = services
            .flat_map(|(file, service)| {
                let path = format!("/{}.{}", file.package(), service.name());
                service.method.iter().map(move |method| format!("{path}/{}", method.name()))
            })
            .collect();
        assert!(methods.len() >= 20, "{methods:?}");
        for method in &methods {
            assert!(!allowed(method).is_empty(), "nobody may call {method}: decide who");
        }
        let listed = TABLE.iter().filter(|(name, _)| name.starts_with("/whorl."));
        let gone: Vec<_> = listed.filter(|(name, _)| !methods.contains(*name)).collect();
        assert!(gone.is_empty(), "no longer in the protocol: {gone:?}");
    }

    #[test]
    fn what_is_not_in_the_table_nobody_may_call() {
        let everybody = Identity::loopback(Role::ALL.into());
        assert!(may(&everybody, "/whorl.v1.Search/Identify"));
        for method in ["", "/", "/whorl.v1.Search/identify", "/whorl.v1.Search/Identify/", "/whorl.v1.Search/Destroy"] {
            assert!(!may(&everybody, method), "{method}");
        }
        assert!(!may(&Identity::loopback(BTreeSet::new()), "/whorl.v1.Gallery/Count"));
    }
}
